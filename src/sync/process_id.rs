//! What a process calls itself when it takes the lease, and how another on the same machine sees that it has ended.
//!
//! A service that was killed and started again should not wait for its own lease to run out. So the name says where the
//! process is to be found: the machine's boot, the space that its number is counted in (a container has its own), its
//! number, and when it began, as numbers are given again. Where that cannot be told, the lease runs out in its time.

use std::fs;

/// A name of this process that no other has, ever.
pub(super) fn name() -> String {
    let unique = uuid::Uuid::new_v4();
    match place(std::process::id()) {
        Some((space, began)) => format!("{unique} {space} {} {began}", std::process::id()),
        None => unique.to_string(),
    }
}

/// Whether the process of this name has certainly ended: it was of this machine, and is not there any more.
pub(super) fn is_gone(name: &str) -> bool {
    let parts: Vec<&str> = name.split(' ').collect();
    let [_, space, pid, began] = parts.as_slice() else { return false };
    let (Some(ours), Ok(pid)) = (space_of_numbers(), pid.parse()) else { return false };
    *space == ours && place(pid).is_none_or(|(_, since)| since != *began)
}

/// Where a process is counted, and when it began, in ticks since the machine did.
fn place(pid: u32) -> Option<(String, String)> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The second field is the program's name in parentheses, and may hold anything.
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_whitespace();
    // One that has ended and is not yet buried has ended.
    let state = fields.next()?;
    if matches!(state, "Z" | "X") {
        return None;
    }
    // Field 22 of all, of which the state is the third.
    let began = fields.nth(18)?.to_owned();
    Some((space_of_numbers()?, began))
}

/// The machine's boot and our space of process numbers.
fn space_of_numbers() -> Option<String> {
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    let space = fs::read_link("/proc/self/ns/pid").ok()?;
    Some(format!("{}/{}", boot.trim(), space.to_str()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_that_lives_is_not_gone_and_one_that_ended_is() {
        assert!(!is_gone(&name()));
        let mut child = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        let (space, began) = place(child.id()).unwrap();
        let its_name = format!("{} {space} {} {began}", uuid::Uuid::new_v4(), child.id());
        assert!(!is_gone(&its_name));
        child.kill().unwrap();
        while !is_gone(&its_name) {
            std::thread::yield_now();
        }
        child.wait().unwrap();
        assert!(is_gone(&its_name));
    }

    #[test]
    fn of_another_machine_nothing_is_known() {
        for elsewhere in ["", "a", "a boot/pid:[1] 999999 7", "a b c"] {
            assert!(!is_gone(elsewhere), "{elsewhere}");
        }
    }

    #[test]
    fn a_number_that_was_given_again_is_another_process() {
        let own = name();
        let (before, began) = own.rsplit_once(' ').unwrap();
        assert!(is_gone(&format!("{before} {}", began.parse::<u64>().unwrap() + 1)));
    }
}
