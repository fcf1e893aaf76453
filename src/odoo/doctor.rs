//! What `doctor` asks of Odoo: is the service user able to read all we need, and what is missing.

use super::session::{Domain, Session};
use crate::odoo::error::OdooFault;
use crate::odoo::read::fields::{ADDON_FIELD, NEEDED_FIELDS};
use crate::odoo::read::pos_orders::LINE;
use crate::odoo::transport::json_rpc::Spoken;

/// What was found about one model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelReport {
    /// The model.
    pub model: &'static str,
    /// Fields that are needed and are not there.
    pub missing_fields: Vec<&'static str>,
    /// Why it cannot be read; `None` when it can.
    pub fault: Option<OdooFault>,
}

/// What was found about an Odoo whose login works.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OdooReport {
    /// `server_version`.
    pub version: String,
    /// Which protocol is spoken, and why.
    pub spoken: Spoken,
    /// Each model we read.
    pub models: Vec<ModelReport>,
    /// Whether our addon's field is there: without it everything works but redemption.
    pub addon_installed: bool,
    /// Whether Odoo's own loyalty is installed in the POS.
    pub pos_loyalty_installed: bool,
}

/// Looks at every model we read with one record each. A model that cannot be read is a finding, not an error.
///
/// # Errors
/// An [`OdooFault`] that concerns the whole of Odoo (unreachable, refused) rather than one model.
pub async fn examine(session: &Session) -> Result<OdooReport, OdooFault> {
    let mut models = Vec::with_capacity(NEEDED_FIELDS.len());
    for (model, needed) in NEEDED_FIELDS {
        let mut report = ModelReport { model, missing_fields: Vec::new(), fault: None };
        match readable(session, model, needed).await {
            Ok(missing) => report.missing_fields = missing,
            Err(
                fault @ (OdooFault::MissingRights { .. } | OdooFault::UnknownModel { .. } | OdooFault::Server { .. }),
            ) => {
                report.fault = Some(fault);
            }
            Err(fault) => return Err(fault),
        }
        models.push(report);
    }
    let line_has = |field: &'static str| async move {
        match session.has_field(LINE, field).await {
            // Said above already, as the model's own finding.
            Err(OdooFault::MissingRights { .. } | OdooFault::UnknownModel { .. } | OdooFault::Server { .. }) => {
                Ok(false)
            }
            answer => answer,
        }
    };
    Ok(OdooReport {
        version: session.version().to_owned(),
        spoken: session.spoken(),
        models,
        addon_installed: line_has(ADDON_FIELD).await?,
        pos_loyalty_installed: line_has("is_reward_line").await?,
    })
}

/// Reads one record; the needed fields that are not there.
async fn readable(
    session: &Session,
    model: &'static str,
    needed: &[&'static str],
) -> Result<Vec<&'static str>, OdooFault> {
    let existing = session.fields(model).await?;
    session.search_read(model, Domain::new(), needed, "id", 1).await?;
    Ok(needed.iter().copied().filter(|field| !existing.contains(*field)).collect())
}
