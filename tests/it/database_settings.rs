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
    let asked = |url: &str| {
        let pool = Pool::open(DatabaseUrl::parse(url).unwrap(), 1).unwrap();
        let mut conn = pool.get().unwrap();
        let AnyConnection::Postgres(conn) = &mut **conn else { panic!("a PostgreSQL") };
        let ours: Setting = diesel::sql_query(jit).get_result(conn).unwrap();
        ours.value
    };
    let url = database.url();
    assert_eq!(asked(&url), "off", "forbidden scans look so dear that each transaction would be compiled anew");
    // Nor where somebody turned it on for this database, its role, or in the URL.
    let name = url.rsplit('/').next().unwrap();
    for wish in [format!("ALTER DATABASE {name} SET jit = on"), "ALTER ROLE CURRENT_USER SET jit = on".to_owned()] {
        database.execute(&wish).unwrap();
        assert_eq!(asked(&url), "off", "{wish}");
    }
    assert_eq!(asked(&format!("{url}?options=-c%20jit%3Don")), "off");
}
