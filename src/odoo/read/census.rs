//! How much of Odoo's shop the service user sees: a wrong company or a missing right shows in numbers.

use super::record::Record;
use crate::domain::catalog::records::PosConfig;
use crate::odoo::error::OdooFault;
use crate::odoo::read::pos_orders::ORDER;
use crate::odoo::session::{Domain, Session};

/// An order by its name and date, as Odoo tells them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewestOrder {
    /// `name`, or what else it is called by: a till that was not closed yet names none.
    pub name: String,
    /// `date_order`, in UTC.
    pub date: String,
}

/// What is seen. `None` where a model as a whole may not be read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Census {
    /// The tills that are in use.
    pub tills: Option<Vec<PosConfig>>,
    /// How many orders.
    pub orders: Option<u64>,
    /// The one that was made last.
    pub newest_order: Option<NewestOrder>,
}

/// Counts. A model that cannot be read is a finding of the examination, not an error.
///
/// # Errors
/// An [`OdooFault`] that concerns the whole of Odoo.
pub async fn census(session: &Session, page_size: u32) -> Result<Census, OdooFault> {
    Ok(Census {
        tills: of_a_model(tills(session, page_size).await)?,
        orders: of_a_model(session.count(ORDER, &Domain::new()).await)?,
        newest_order: of_a_model(newest(session).await)?.flatten(),
    })
}

async fn tills(session: &Session, page_size: u32) -> Result<Vec<PosConfig>, OdooFault> {
    let mut found = Vec::new();
    let mut after = 0;
    loop {
        let page = session.page::<PosConfig>(&Domain::new(), after, page_size).await?;
        found.extend(page.items.into_iter().filter(|till| till.active));
        if page.is_last {
            return Ok(found);
        }
        after = page.last_id;
    }
}

async fn newest(session: &Session) -> Result<Option<NewestOrder>, OdooFault> {
    let fields = ["name", "pos_reference", "date_order"];
    let found = session.search_read(ORDER, Domain::new(), &fields, "id desc", 1).await?;
    let called = |record: &Record| {
        let names = ["name", "pos_reference"].into_iter().filter_map(|field| record.text(field).ok().flatten());
        // Odoo names an order "/" until it has a number.
        let id = || record.id().map_or_else(|_| String::new(), |id| format!("number {id}"));
        names.into_iter().find(|name| name.trim().len() > 1).unwrap_or_else(id)
    };
    Ok(found.first().map(|record| NewestOrder {
        name: called(record),
        date: record.text("date_order").ok().flatten().unwrap_or_default(),
    }))
}

fn of_a_model<T>(asked: Result<T, OdooFault>) -> Result<Option<T>, OdooFault> {
    match asked {
        Ok(found) => Ok(Some(found)),
        Err(OdooFault::MissingRights { .. } | OdooFault::UnknownModel { .. } | OdooFault::Server { .. }) => Ok(None),
        Err(fault) => Err(fault),
    }
}
