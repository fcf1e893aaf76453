//! What the writer remembers.
use super::*;
use crate::domain::catalog::records::CatalogRecords;
use crate::store::connection::migrate;
use crate::store::{DatabaseUrl, Pool};

#[test]
fn a_customer_whom_two_tills_ask_for_at_once_is_known_to_both() {
    let folder = tempfile::tempdir().unwrap();
    let url = DatabaseUrl::parse(&format!("sqlite://{}", folder.path().join("l.db").display())).unwrap();
    let mut conn = Pool::open(url, 1).unwrap().get().unwrap();
    migrate::migrate(&mut conn).unwrap();
    let anna = Partner {
        id: PartnerId(7),
        name: "Anna".into(),
        commercial_partner_id: PartnerId(7),
        company_id: None,
        tag_ids: Vec::new(),
        active: true,
    };
    catalog::put(&mut conn, &CatalogRecords { partners: vec![anna], ..CatalogRecords::default() }).unwrap();
    let mut cache = WriterCache::default();
    for _ in 0..2 {
        let known = cache.partners(&mut conn, &[PartnerId(7), PartnerId(7), PartnerId(8)]).unwrap();
        assert_eq!(known.into_keys().collect::<Vec<_>>(), [PartnerId(7)]);
    }
}
