//! A disk between the service and its SQLite file: it can fail while the service runs, and lose at a power cut what
//! was never made durable. `disk.c` stands between the two; here its journal is played.

use std::collections::{BTreeMap, HashMap};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use super::random::Random;
use super::{Database, Service};

/// What the disk does instead of its work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DiskFault {
    /// No space is left: half of a write succeeds, then none.
    Full,
    /// Its file system is read-only.
    ReadOnly,
    /// Every change is an I/O error.
    Broken,
    /// What is written cannot be made durable.
    NotDurable,
    /// The process is killed in its next fsync.
    KillsInFsync,
    /// The process is killed in the middle of its next write of a page.
    KillsInWrite,
}

impl DiskFault {
    const fn letter(self) -> &'static [u8] {
        match self {
            Self::Full => b"S",
            Self::ReadOnly => b"R",
            Self::Broken => b"E",
            Self::NotDurable => b"F",
            Self::KillsInFsync => b"f",
            Self::KillsInWrite => b"w",
        }
    }
}

/// What a power cut leaves of the writes that were not made durable.
pub enum Left<'a> {
    /// Nothing.
    Nothing,
    /// Some blocks of this many bytes, in no order, as chance has it.
    Some(usize, &'a mut Random),
}

/// The disk of one database's folder.
pub struct Disk {
    folder: PathBuf,
    /// Journal and control, away from what they are about.
    outside: tempfile::TempDir,
    state: State,
    played: usize,
}

/// A database's files that were moved away under the service that has them open, as when a volume is detached.
pub struct Detached {
    file: PathBuf,
    elsewhere: tempfile::TempDir,
}

impl Detached {
    pub fn detach(file: &Path) -> Self {
        let elsewhere = tempfile::tempdir().expect("a temporary folder");
        for name in ["loyalty.db", "loyalty.db-wal", "loyalty.db-shm"] {
            std::fs::rename(file.with_file_name(name), elsewhere.path().join(name)).unwrap();
        }
        Self { file: file.to_owned(), elsewhere }
    }

    /// Puts them back, the log first: a database without its log is an older one.
    pub fn attach(self) {
        for name in ["loyalty.db-wal", "loyalty.db-shm", "loyalty.db"] {
            std::fs::rename(self.elsewhere.path().join(name), self.file.with_file_name(name)).unwrap();
        }
    }
}

/// The shim, compiled once a run.
fn shim() -> &'static Path {
    static SHIM: OnceLock<PathBuf> = OnceLock::new();
    SHIM.get_or_init(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/support/disk.c");
        let fresh = folder.join(format!("disk-{}.so", super::uuid()));
        let made = Command::new("cc")
            .args(["-shared", "-fPIC", "-O2", "-Wall", "-o"])
            .args([&fresh, &source])
            .args(["-ldl", "-lpthread"])
            .status()
            .expect("a C compiler, which the service's own build needs as well");
        assert!(made.success(), "disk.c does not compile");
        // Other runs may use theirs: each renames its own into place, whole.
        let place = folder.join("disk.so");
        std::fs::rename(fresh, &place).expect("the shim in its place");
        place
    })
}

impl Disk {
    /// Of this folder, which is empty or holds what is durable already.
    pub fn of(folder: &Path) -> Self {
        let outside = tempfile::tempdir().expect("a temporary folder");
        std::fs::write(outside.path().join("control"), "-").unwrap();
        let state = State::of(folder);
        Self { folder: folder.to_owned(), outside, state, played: 0 }
    }

    /// The service on this disk, from its first file on.
    pub fn service(&self, database: Database) -> Service {
        let outside = |name: &str| self.outside.path().join(name).display().to_string();
        Service::on(
            database,
            &[
                ("LD_PRELOAD", &shim().display().to_string()),
                ("DISK_FOLDER", &self.folder.display().to_string()),
                ("DISK_JOURNAL", &outside("journal")),
                ("DISK_CONTROL", &outside("control")),
            ],
        )
    }

    fn set(&self, letter: &[u8]) {
        let control = std::fs::OpenOptions::new().write(true).open(self.outside.path().join("control")).unwrap();
        control.write_all_at(letter, 0).unwrap();
    }

    /// From now on it fails.
    pub fn fails(&self, fault: DiskFault) {
        self.set(fault.letter());
    }

    /// It works again.
    pub fn works(&self) {
        self.set(b"-");
    }

    /// All that was written until now is durable: the state a test begins with.
    pub fn settle(&mut self) {
        self.play();
        self.state.settle();
    }

    /// The power is gone: puts into the folder what the disk has. Nobody may have the files open. Returns how many
    /// writes were not durable.
    pub fn cut(&mut self, left: &mut Left<'_>) -> usize {
        self.play();
        // A process that was killed may have left half a record: of a write that nobody was told of.
        if let Ok(journal) = std::fs::OpenOptions::new().write(true).open(self.outside.path().join("journal")) {
            journal.set_len(u64::try_from(self.played).unwrap()).unwrap();
        }
        let lost = self.state.undurable();
        let files = self.state.after_cut(left);
        for entry in std::fs::read_dir(&self.folder).unwrap() {
            std::fs::remove_file(entry.unwrap().path()).unwrap();
        }
        for (name, content) in &files {
            std::fs::write(self.folder.join(name), content).unwrap();
        }
        // The files have other inodes now; and what is there after a cut is durable.
        self.state = State::of(&self.folder);
        // Of the shared memory anything may be left. It must not matter.
        std::fs::write(self.folder.join("loyalty.db-shm"), vec![0xA5; 32768]).unwrap();
        lost
    }

    /// Plays what was journalled since.
    fn play(&mut self) {
        let journal = std::fs::read(self.outside.path().join("journal")).unwrap_or_default();
        let mut rest = &journal[self.played..];
        while let Some((record, after)) = Record::read(rest) {
            self.state.play(record);
            rest = after;
        }
        self.played = journal.len() - rest.len();
    }
}

/// One record of the journal.
struct Record<'a> {
    operation: u8,
    inode: u64,
    number: usize,
    path: &'a str,
    data: &'a [u8],
}

impl<'a> Record<'a> {
    fn read(bytes: &'a [u8]) -> Option<(Self, &'a [u8])> {
        let (head, rest) = bytes.split_at_checked(25)?;
        let long = |from: usize| u64::from_ne_bytes(head[from..from + 8].try_into().unwrap());
        let short =
            |from: usize| usize::try_from(u32::from_ne_bytes(head[from..from + 4].try_into().unwrap())).unwrap();
        let (path, rest) = rest.split_at_checked(short(17))?;
        let (data, rest) = rest.split_at_checked(short(21))?;
        let number = usize::try_from(long(9)).unwrap();
        Some((
            Self { operation: head[0], inode: long(1), number, path: std::str::from_utf8(path).unwrap(), data },
            rest,
        ))
    }
}

/// A change of a file's content.
enum Change {
    Write(usize, Vec<u8>),
    Truncate(usize),
}

impl Change {
    fn apply(&self, content: &mut Vec<u8>) {
        match self {
            Self::Write(offset, data) => {
                let end = offset + data.len();
                if content.len() < end {
                    content.resize(end, 0);
                }
                content[*offset..end].copy_from_slice(data);
            }
            Self::Truncate(length) => content.resize(*length, 0),
        }
    }

    /// What chance leaves of it, in blocks.
    fn torn(&self, block: usize, random: &mut Random) -> Vec<Change> {
        match self {
            Self::Truncate(length) => Vec::from_iter(random.coin().then_some(Self::Truncate(*length))),
            Self::Write(offset, data) => {
                let (mut kept, mut at) = (Vec::new(), 0);
                while at < data.len() {
                    let end = (at + block - (offset + at) % block).min(data.len());
                    if random.coin() {
                        kept.push(Self::Write(offset + at, data[at..end].to_vec()));
                    }
                    at = end;
                }
                kept
            }
        }
    }
}

/// A file, whether a name leads to it or not.
#[derive(Default)]
struct File {
    durable: Vec<u8>,
    /// Changes that are not in `durable`.
    since: Vec<Change>,
    /// Changes before those.
    before: usize,
    /// How many changes there were when an fsync began, by its mark.
    begun: HashMap<usize, usize>,
}

impl File {
    /// After fsync has failed Linux holds the pages for clean: programs go on to see them, the disk never does.
    fn give_up(&mut self) {
        let all = self.since.len();
        self.since.retain(|change| matches!(change, Change::Truncate(_)));
        self.before += all - self.since.len();
    }

    fn begin(&mut self, mark: usize) {
        self.begun.insert(mark, self.before + self.since.len());
    }

    /// An fsync ended: what was written before it began is durable, what came meanwhile need not be.
    fn made_durable(&mut self, mark: usize) {
        let until = self.begun.remove(&mark).expect("an fsync begins before it ends");
        let count = until.saturating_sub(self.before);
        for change in self.since.drain(..count) {
            change.apply(&mut self.durable);
        }
        self.before += count;
    }

    fn sync(&mut self) {
        self.begin(usize::MAX);
        self.made_durable(usize::MAX);
    }
}

/// A change of the folder.
enum Naming {
    Add(String, usize),
    Remove(String),
    Rename(String, String),
}

impl Naming {
    fn apply(&self, names: &mut BTreeMap<String, usize>) {
        match self {
            Self::Add(name, file) => {
                names.insert(name.clone(), *file);
            }
            Self::Remove(name) => {
                names.remove(name);
            }
            Self::Rename(from, to) => {
                if let Some(file) = names.remove(from) {
                    names.insert(to.clone(), file);
                }
            }
        }
    }
}

/// The folder as the disk has it, and what was done since.
struct State {
    files: Vec<File>,
    by_inode: HashMap<u64, usize>,
    names: BTreeMap<String, usize>,
    since: Vec<Naming>,
}

impl State {
    fn of(folder: &Path) -> Self {
        let mut state = Self { files: Vec::new(), by_inode: HashMap::new(), names: BTreeMap::new(), since: Vec::new() };
        for entry in std::fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            state.names.insert(entry.file_name().into_string().unwrap(), state.files.len());
            state.files.push(File { durable: std::fs::read(entry.path()).unwrap(), ..File::default() });
        }
        state
    }

    /// The names as every program sees them.
    fn seen(&self) -> BTreeMap<String, usize> {
        let mut names = self.names.clone();
        for naming in &self.since {
            naming.apply(&mut names);
        }
        names
    }

    fn play(&mut self, record: Record<'_>) {
        match record.operation {
            b'C' => {
                self.by_inode.insert(record.inode, self.files.len());
                self.since.push(Naming::Add(record.path.to_owned(), self.files.len()));
                self.files.push(File::default());
            }
            b'O' => {
                let file = *self.seen().get(record.path).unwrap_or_else(|| panic!("{} was never made", record.path));
                self.by_inode.insert(record.inode, file);
            }
            b'W' => self.file(record.inode).since.push(Change::Write(record.number, record.data.to_vec())),
            b'T' => self.file(record.inode).since.push(Change::Truncate(record.number)),
            b'B' => self.file(record.inode).begin(record.number),
            b'S' => self.file(record.inode).made_durable(record.number),
            b'X' => self.file(record.inode).give_up(),
            b'U' => self.since.push(Naming::Remove(record.path.to_owned())),
            b'R' => {
                let to = std::str::from_utf8(record.data).unwrap().to_owned();
                self.since.push(Naming::Rename(record.path.to_owned(), to));
            }
            b'D' => self.sync_folder(),
            other => panic!("the journal has the operation {other}"),
        }
    }

    fn file(&mut self, inode: u64) -> &mut File {
        let file = self.by_inode[&inode];
        &mut self.files[file]
    }

    fn sync_folder(&mut self) {
        self.names = self.seen();
        self.since.clear();
    }

    fn settle(&mut self) {
        self.sync_folder();
        self.files.iter_mut().for_each(File::sync);
    }

    fn undurable(&self) -> usize {
        self.files.iter().map(|file| file.since.len()).sum::<usize>() + self.since.len()
    }

    /// The files that are found after the power is back.
    fn after_cut(&self, left: &mut Left<'_>) -> BTreeMap<String, Vec<u8>> {
        let mut names = self.names.clone();
        if let Left::Some(_, random) = left {
            // A file system that keeps a journal of its own keeps the folder's changes in order.
            let kept = random.place(self.since.len() + 1);
            self.since[..kept].iter().for_each(|naming| naming.apply(&mut names));
        }
        names
            .into_iter()
            .map(|(name, file)| {
                let file = &self.files[file];
                let mut content = file.durable.clone();
                if let Left::Some(block, random) = left {
                    for change in &file.since {
                        for kept in change.torn(*block, random) {
                            kept.apply(&mut content);
                        }
                    }
                }
                (name, content)
            })
            .collect()
    }
}
