//! A wall clock that a test moves, for the processes it gives it to.

use std::fs::OpenOptions;
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

/// A clock that differs from the machine's by an offset, which may be changed while processes run.
///
/// What a process measures (timers, timeouts) goes on as it does when an administrator sets the clock.
pub struct Clock {
    folder: tempfile::TempDir,
}

impl Clock {
    /// The machine's time, until it is set.
    pub fn new() -> Self {
        // A PostgreSQL of a test's own runs as somebody else, who must be able to read it.
        let folder = tempfile::Builder::new().prefix("loyalty-clock-").tempdir_in("/tmp").expect("a temporary folder");
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
        std::fs::copy(shim(), folder.path().join("clock.so")).expect("the shim");
        let clock = Self { folder };
        clock.set(0);
        std::fs::set_permissions(clock.file(), std::fs::Permissions::from_mode(0o644)).unwrap();
        clock
    }

    /// So many seconds ahead of the machine's; behind it when negative. Holds at once, everywhere.
    pub fn set(&self, seconds: i64) {
        let nanoseconds = seconds * 1_000_000_000;
        let file = OpenOptions::new().create(true).write(true).truncate(false).open(self.file()).unwrap();
        // One write of eight aligned bytes: no process sees half of it.
        file.write_all_at(&nanoseconds.to_ne_bytes(), 0).unwrap();
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("offset")
    }

    /// What gives the clock to a process.
    pub fn environment(&self) -> Vec<(String, String)> {
        vec![
            ("LD_PRELOAD".to_owned(), self.folder.path().join("clock.so").display().to_string()),
            ("LOYALTY_TEST_CLOCK_FILE".to_owned(), self.file().display().to_string()),
        ]
    }
}

/// The shim, compiled once a run.
fn shim() -> PathBuf {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT
        .get_or_init(|| {
            let library = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("clock-{}.so", std::process::id()));
            let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/support/clock.c");
            let made = Command::new("cc")
                .args(["-shared", "-fPIC", "-O2", "-Wall", "-Werror", "-o"])
                .args([library.as_os_str(), source.as_ref()])
                .output()
                .expect("cc, the C compiler that the build needs as well");
            assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
            library
        })
        .clone()
}
