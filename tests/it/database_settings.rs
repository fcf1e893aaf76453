//! What the service's connections ask of PostgreSQL, whatever the server is set to.

use diesel::RunQueryDsl;
use loyalty_sidecar::store::connection::DatabaseUrl;
use loyalty_sidecar::store::{AnyConnection, Pool};

use crate::support::{Cluster, Database};

#[derive(diesel::QueryableByName)]
struct Setting {
    #[diesel(sql_type = diesel::sql_types::Text)]
    value: String,
}

#[test]
fn a_server_with_its_default_settings_compiles_none_of_our_statements() {
    if std::env::var("LOYALTY_TEST_DATABASE").as_deref() != Ok("postgres") || !Cluster::is_possible() {
        return;
    }
    let cluster = Cluster::start();
    let database = Database::on(cluster.url());
    let jit = "SELECT current_setting('jit') AS value";
    assert_eq!(database.texts(jit), ["on"], "the tests' servers are as PostgreSQL comes");
    let pool = Pool::open(DatabaseUrl::parse(&database.url()).unwrap(), 1).unwrap();
    let mut conn = pool.get().unwrap();
    let AnyConnection::Postgres(conn) = &mut **conn else { panic!("a PostgreSQL") };
    let ours: Setting = diesel::sql_query(jit).get_result(conn).unwrap();
    assert_eq!(ours.value, "off", "forbidden scans look so dear that each transaction would be compiled anew");
}
