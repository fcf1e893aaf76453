//! PostgreSQL is stopped, made read-only, or out of space while the service runs: nobody is told of points that are not
//! there, whoever asks is told what is wrong, and once it is mended the service goes on by itself.
//!
//! Each test has a PostgreSQL of its own, which it may hurt. They run where the tests are on PostgreSQL.

use std::cell::RefCell;
use std::path::Path;
use std::process::Command;

use diesel::connection::SimpleConnection;
use diesel::{Connection, PgConnection};
use serde_json::json;

use crate::disk_trouble::{Stops, comes_and_goes};
use crate::support::{Cluster, Database, Service, Stop, load};

fn wanted() -> bool {
    std::env::var("LOYALTY_TEST_DATABASE").is_ok_and(|database| database == "postgres") && Cluster::is_possible()
}

fn service(database: Database) -> Service {
    let service = Service::on(database, &[]);
    service.admin.call("program.put", json!({"program": load::program()}));
    service
}

/// Runs SQL, each statement on its own, as somebody who may do everything.
fn as_superuser(cluster: &Cluster, statements: &[&str]) {
    let mut conn = PgConnection::establish(&cluster.url()).unwrap();
    for statement in statements {
        conn.batch_execute(statement).unwrap();
    }
}

fn stopped(how: Stop) {
    if !wanted() {
        return;
    }
    let cluster = RefCell::new(Cluster::start());
    let mut service = service(Database::on(cluster.borrow().url()));
    comes_and_goes(
        &mut service,
        Stops::Everything,
        || cluster.borrow_mut().stop(how),
        || cluster.borrow_mut().launch(),
        "the database cannot be reached",
        "see that the server of postgres://",
    );
    let log = service.log();
    let password = url::Url::parse(&cluster.borrow().url()).unwrap().password().unwrap().to_owned();
    assert!(!log.contains(&password), "the log has the password");
}

#[test]
fn a_postgresql_that_is_stopped_refuses_changes_and_is_survived() {
    stopped(Stop::Fast);
}

#[test]
fn a_postgresql_that_crashes_refuses_changes_and_is_survived() {
    stopped(Stop::Kill);
}

#[test]
fn a_read_only_postgresql_refuses_changes_and_is_survived() {
    if !wanted() {
        return;
    }
    let cluster = Cluster::start();
    let mut service = service(Database::on(cluster.url()));
    let set = |value: &str| {
        let set = format!("ALTER SYSTEM SET default_transaction_read_only = {value}");
        as_superuser(&cluster, &[&set, "SELECT pg_reload_conf()"]);
    };
    comes_and_goes(
        &mut service,
        Stops::Everything,
        || set("on"),
        || set("off"),
        "the database is read-only",
        "see default_transaction_read_only",
    );
}

/// A small disk, in memory; gone with the test.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    /// For the server's user; `None` where this process may not mount one.
    fn mounted() -> Option<Self> {
        let owner = |what: &str| -> Option<String> {
            let said = Command::new("id").args([what, "postgres"]).output().ok()?;
            Some(String::from_utf8_lossy(&said.stdout).trim().to_owned())
        };
        let folder = tempfile::Builder::new().prefix("loyalty-disk-").tempdir_in("/tmp").unwrap();
        let options = format!("size=24m,mode=700,uid={},gid={}", owner("-u")?, owner("-g")?);
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", &options, "tmpfs"]).arg(folder.path()).status();
        mounted.is_ok_and(|status| status.success()).then_some(Self(folder))
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn fill(&self) {
        // It ends with "no space left", which is what it is for.
        let _ = std::fs::write(self.path().join("filling"), vec![0_u8; 32 * 1024 * 1024]);
    }

    fn free(&self) {
        std::fs::remove_file(self.path().join("filling")).unwrap();
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.path()).status();
    }
}

#[test]
fn a_postgresql_without_space_refuses_changes_and_is_survived() {
    if !wanted() {
        return;
    }
    let Some(disk) = SmallDisk::mounted() else {
        println!("left out: this process may not mount a file system");
        return;
    };
    let cluster = Cluster::start();
    as_superuser(
        &cluster,
        &[
            &format!("CREATE TABLESPACE small LOCATION '{}'", disk.path().display()),
            "ALTER ROLE loyalty SET default_tablespace = small",
        ],
    );
    let mut service = service(Database::on(cluster.url()));
    comes_and_goes(
        &mut service,
        Stops::Some,
        || disk.fill(),
        || disk.free(),
        "the database's disk is full",
        "free space on the disk of the server of postgres://",
    );
    drop(service);
    drop(cluster);
}
