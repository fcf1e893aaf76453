//! Instructions an acknowledgement, counted by callgrind: the same on a slow machine and a fast one.

use std::path::Path;
use std::process::Command;

use serde_json::json;

use super::blocks::{Must, Row, figures};
use super::disk::FixedDisk;
use super::load::redeem_each;
use super::service::{Service, fill};
use super::setup::{Binary, Setup, folder, sqlite};

const MEMBERS: u64 = 1_000;
/// How far a count may be from the one that is kept.
const TOLERANCE: f64 = 0.05;

/// Tills, and how often each redeems in a short run and in a long one: what a start takes is in both and falls out of the
/// difference.
struct Load {
    tills: usize,
    few: usize,
    many: usize,
}

/// As in a busy hour: commands share their transactions, and how many do is a matter of time.
const BUSY: Load = Load { tills: 64, few: 5, many: 25 };
/// Each command alone in its transaction: the same count each time.
const ALONE: Load = Load { tills: 1, few: 30, many: 150 };

/// Rows of the table.
pub fn rows(setup: &Setup) {
    let rows = [
        Row { name: "instructions / acknowledgement, 64 tills (callgrind)", unit: "", must: Must::AtMost(250_000.0) },
        Row { name: "instructions / acknowledgement, each alone in its transaction", unit: "", must: Must::Known },
    ];
    figures(&rows, 1, &mut setup.sides(Clone::clone), |binary| {
        vec![an_acknowledgement(binary, &BUSY), an_acknowledgement(binary, &ALONE)]
    });
}

fn an_acknowledgement(binary: &Binary, load: &Load) -> f64 {
    let folder = folder();
    let token = fill(binary, folder.path(), &sqlite(&folder.path().join("filled.db")), MEMBERS);
    let disk = FixedDisk::new(folder.path());
    let few = counted(binary, folder.path(), &token, &disk, (load.tills, load.few));
    let many = counted(binary, folder.path(), &token, &disk, (load.tills, load.many));
    (many - few) / (2 * load.tills * (load.many - load.few)) as f64
}

/// All instructions of a service that starts, does so many redemptions, and ends.
fn counted(binary: &Binary, folder: &Path, token: &str, disk: &FixedDisk, (tills, times): (usize, usize)) -> f64 {
    let (database, counts) = (folder.join(format!("{times}.db")), folder.join(format!("{times}.counts")));
    std::fs::copy(folder.join("filled.db"), &database).unwrap();
    let mut command = Command::new("valgrind");
    command.args(["--tool=callgrind", "--quiet"]);
    command.arg(format!("--callgrind-out-file={}", counts.display())).arg(&binary.0);
    let service = Service::start_as(command, folder, (&sqlite(&database), token, MEMBERS), &disk.taking("1000"));
    redeem_each(&service.target, tills, times);
    service.stop();
    let counts = std::fs::read_to_string(counts).unwrap();
    let total = counts.lines().find_map(|line| line.strip_prefix("totals: ")?.trim().parse().ok());
    total.expect("callgrind tells totals")
}

/// Holds the count of the build with this profile against the one that is kept in a file, or keeps it there.
pub fn check(mut arguments: impl Iterator<Item = String>, binary: &Binary) {
    let (mut file, mut keep) = (None, false);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--kept" => file = arguments.next(),
            "--keep" => keep = true,
            other => panic!("unknown argument {other}"),
        }
    }
    let file = file.expect("--kept names the file of the kept count");
    let counted = an_acknowledgement(binary, &ALONE).round();
    if keep {
        let text = json!({"build": "debug", "instructions_per_acknowledgement": counted});
        std::fs::write(&file, format!("{text}\n")).unwrap();
        println!("{counted} instructions an acknowledgement are kept in {file}");
        return;
    }
    let kept: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
    let kept = kept["instructions_per_acknowledgement"].as_f64().expect("the kept count is a number");
    let change = counted / kept - 1.0;
    let figures = format!("{counted} instructions an acknowledgement, {kept} are kept: {:+.1} %", change * 100.0);
    if change.abs() > TOLERANCE {
        eprintln!(
            "{figures}, and {:.0} % are allowed.\n\
             More: look at what the change adds to a hold or a capture (`callgrind_annotate`).\n\
             Meant, or less: `tests/bench/instructions --keep` writes the new count to {file}; commit it with the change.",
            TOLERANCE * 100.0
        );
        std::process::exit(1);
    }
    println!("{figures}");
}
