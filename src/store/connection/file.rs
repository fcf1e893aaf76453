//! The SQLite file: made for its owner alone, and looked at for whether it still is.

use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// What its owner may do, and nobody else: the file says who bought what, and holds the tokens' hashes.
const OWNER_ALONE: u32 = 0o600;

/// Makes an empty file for SQLite to fill, if there is none: SQLite itself would let everybody read it. The log and the
/// index that SQLite keeps beside it get the same permissions. Nothing is opened that is there: SQLite may be at work on it
/// in this process, and closing it a second time would drop the locks it holds.
pub(in crate::store) fn make_private(path: &Path) {
    if path.exists() {
        return;
    }
    // What stands in the way (a folder that is missing, another process that was quicker) SQLite says better, or not at all.
    let _ = std::fs::OpenOptions::new().write(true).create_new(true).mode(OWNER_ALONE).open(path);
}

/// The files of a database that others than their owner may read or write, with their permissions.
#[must_use]
pub fn open_to_others(path: &Path) -> Vec<(PathBuf, u32)> {
    ["", "-wal", "-shm"]
        .iter()
        .filter_map(|suffix| {
            let mut name = path.as_os_str().to_owned();
            name.push(suffix);
            let file = PathBuf::from(name);
            let mode = std::fs::metadata(&file).ok()?.permissions().mode() & 0o777;
            (mode & !OWNER_ALONE != 0).then_some((file, mode))
        })
        .collect()
}
