//! Who has a port: UUCP lock files, and the descriptors of other processes.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Where lock files are, the first that exists.
const DIRECTORIES: [&str; 2] = ["/run/lock", "/var/lock"];

/// A UUCP lock file that is ours: `LCK..ttyACM0` with our process id. Removed when dropped.
#[derive(Debug)]
pub(super) struct UucpLock {
    path: PathBuf,
}

impl UucpLock {
    /// Takes the lock for the device at `node` (links resolved). `Ok(None)` where no lock file can be made
    /// (no permission on the directory, a pseudo-terminal): the other locks remain.
    ///
    /// # Errors
    /// The holder, `name (pid N)`, when a living process has the lock.
    pub(super) fn take(node: &Path) -> Result<Option<Self>, String> {
        if node.parent() != Some(Path::new("/dev")) {
            return Ok(None);
        }
        let Some(name) = node.file_name() else { return Ok(None) };
        let Some(directory) = DIRECTORIES.iter().map(Path::new).find(|d| d.is_dir()) else { return Ok(None) };
        Self::take_in(directory, &name.to_string_lossy())
    }

    fn take_in(directory: &Path, name: &str) -> Result<Option<Self>, String> {
        let path = directory.join(format!("LCK..{name}"));
        // To the end: threads of this process do not see each other's locks by their number.
        let mut held = held();
        let own = directory.join(format!("LTMP..{name}.{}", std::process::id()));
        // A file under a name of our own, then a link: the lock never exists without its content.
        let written = fs::File::create(&own).and_then(|mut f| writeln!(f, "{:>10}", std::process::id()));
        if written.is_err() {
            let _ = fs::remove_file(&own);
            return match owner(&path) {
                Some(pid) if is_held(&held, &path, pid) => Err(process_name(pid)),
                _ => Ok(None),
            };
        }
        let mut answer = Ok(None);
        // Twice: the second time after a stale lock was removed.
        for _ in 0..2 {
            if fs::hard_link(&own, &path).is_ok() {
                held.push(path.clone());
                answer = Ok(Some(Self { path: path.clone() }));
                break;
            }
            match owner(&path) {
                Some(pid) if is_held(&held, &path, pid) => {
                    answer = Err(process_name(pid));
                    break;
                }
                // Someone else's nonsense is not removed: it may be a lock that is just being written.
                None if path.exists() => break,
                _ => remove_stale(&held, &path),
            }
        }
        let _ = fs::remove_file(&own);
        answer
    }
}

impl Drop for UucpLock {
    fn drop(&mut self) {
        held().retain(|path| *path != self.path);
        if owner(&self.path) == Some(std::process::id()) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// The lock files of this process.
fn held() -> MutexGuard<'static, Vec<PathBuf>> {
    static HELD: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());
    HELD.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether a lock file with this process id is in force. One with our own id may be left over from a process that had it before
/// us: in a container the same program often has the same id again.
fn is_held(held: &[PathBuf], path: &Path, pid: u32) -> bool {
    if pid == std::process::id() { held.iter().any(|p| p == path) } else { is_alive(pid) }
}

/// Removes a lock file that is not in force. It is moved aside first: another program may do the same at this moment and have
/// made its own lock already, which must not be removed.
fn remove_stale(held: &[PathBuf], path: &Path) {
    let mut aside = path.as_os_str().to_owned();
    aside.push(format!(".stale.{}", std::process::id()));
    let aside = PathBuf::from(aside);
    if fs::rename(path, &aside).is_ok() {
        if let Some(pid) = owner(&aside)
            && is_held(held, path, pid)
        {
            let _ = fs::hard_link(&aside, path);
        }
        let _ = fs::remove_file(&aside);
    }
}

/// The process id in a lock file: decimal text, or (older programs) a binary integer.
fn owner(path: &Path) -> Option<u32> {
    let content = fs::read(path).ok()?;
    if let Ok(text) = std::str::from_utf8(&content)
        && let Some(pid) = text.split_whitespace().next().and_then(|w| w.parse().ok())
    {
        return Some(pid);
    }
    let bytes: [u8; 4] = content.try_into().ok()?;
    Some(u32::from_ne_bytes(bytes))
}

fn is_alive(pid: u32) -> bool {
    pid != 0 && Path::new("/proc").join(pid.to_string()).exists()
}

/// `name (pid N)`.
fn process_name(pid: u32) -> String {
    let name = fs::read(format!("/proc/{pid}/comm")).unwrap_or_default();
    // A program chooses its name itself.
    let name: String = String::from_utf8_lossy(&name).chars().filter(|c| !c.is_control()).collect();
    match name.trim() {
        "" => format!("a program (pid {pid})"),
        name => format!("{name} (pid {pid})"),
    }
}

/// The process that has locked this file with `flock`, `name (pid N)`.
pub(super) fn locker_of(file: &fs::Metadata) -> Option<String> {
    locker_in(&fs::read_to_string("/proc/locks").ok()?, file.dev(), file.ino()).map(process_name)
}

/// Looks for a lock in the text of `/proc/locks`: `1: FLOCK  ADVISORY  WRITE 4711 00:18:5 0 EOF`. A process of another
/// container shows as 0, or as a negative number.
fn locker_in(locks: &str, device: u64, inode: u64) -> Option<u32> {
    let (major, minor) = (nix::sys::stat::major(device), nix::sys::stat::minor(device));
    let wanted = format!("{major:02x}:{minor:02x}:{inode}");
    locks.lines().find_map(|line| {
        let mut words = line.split_whitespace();
        let (kind, pid) = (words.nth(1)?, words.nth(2)?.parse().ok().filter(|pid| *pid != 0)?);
        (kind == "FLOCK" && words.next() == Some(&wanted)).then_some(pid)
    })
}

/// A process that has the device with this number open, `name (pid N)`; another process first, our own (through a
/// descriptor that is locked) last. Sees the processes of other users only as root.
pub(super) fn holder_of(device: u64) -> Option<String> {
    let mut own = 0;
    for entry in fs::read_dir("/proc").ok()?.flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|n| n.parse::<u32>().ok()) else { continue };
        let Ok(descriptors) = fs::read_dir(entry.path().join("fd")) else { continue };
        let open = descriptors
            .flatten()
            .filter(|fd| fs::metadata(fd.path()).is_ok_and(|m| m.file_type().is_char_device() && m.rdev() == device));
        if pid == std::process::id() {
            own = open.count();
        } else if open.take(1).count() > 0 {
            return Some(process_name(pid));
        }
    }
    // One is the descriptor of the caller that asks.
    (own > 1).then(|| process_name(std::process::id()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_is_taken_respected_and_released() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("LCK..ttyX0");
        let lock = UucpLock::take_in(dir.path(), "ttyX0").unwrap().unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), format!("{:>10}\n", std::process::id()));
        let refused = UucpLock::take_in(dir.path(), "ttyX0").unwrap_err();
        assert!(refused.contains(&format!("pid {}", std::process::id())), "{refused}");
        drop(lock);
        assert!(!file.exists());
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0, "nothing left behind");
    }

    #[test]
    fn a_stale_lock_is_replaced_and_a_foreign_one_is_kept() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("LCK..ttyX1");
        fs::write(&file, " 999999999\n").unwrap();
        assert!(UucpLock::take_in(dir.path(), "ttyX1").unwrap().is_some());
        fs::write(&file, 1u32.to_ne_bytes()).unwrap();
        let holder = UucpLock::take_in(dir.path(), "ttyX1").unwrap_err();
        assert!(holder.contains("pid 1"), "{holder}");
        fs::write(&file, "no pid at all").unwrap();
        assert!(UucpLock::take_in(dir.path(), "ttyX1").unwrap().is_none());
        assert!(file.exists());
    }

    #[test]
    fn a_lock_that_an_earlier_process_of_our_number_left_is_stale() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("LCK..ttyX3");
        fs::write(&file, format!("{:>10}\n", std::process::id())).unwrap();
        let lock = UucpLock::take_in(dir.path(), "ttyX3").unwrap().unwrap();
        assert!(UucpLock::take_in(dir.path(), "ttyX3").is_err());
        drop(lock);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0, "nothing left behind");
    }

    #[test]
    fn a_lock_that_was_renewed_meanwhile_is_not_removed() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("LCK..ttyX4");
        // Process 1 took it after we had found it stale.
        fs::write(&file, "         1\n").unwrap();
        remove_stale(&[], &file);
        assert_eq!(owner(&file), Some(1));
        fs::write(&file, " 999999999\n").unwrap();
        remove_stale(&[], &file);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    }

    #[test]
    fn of_many_that_try_one_has_the_lock() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("LCK..ttyX5"), " 999999999\n").unwrap();
        let start = std::sync::Barrier::new(8);
        let taken: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8)
                .map(|_| {
                    scope.spawn(|| {
                        start.wait();
                        UucpLock::take_in(dir.path(), "ttyX5")
                    })
                })
                .collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert!(taken.iter().filter(|t| matches!(t, Ok(Some(_)))).count() == 1, "{taken:?}");
    }

    #[test]
    fn the_locker_is_found_among_the_locks() {
        let locks = "1: POSIX  ADVISORY  WRITE 11 00:18:5 0 EOF\n2: FLOCK  ADVISORY  WRITE 0 00:18:5 0 EOF\n\
                     2: -> FLOCK  ADVISORY  WRITE 12 00:18:5 0 EOF\nnonsense\n3: FLOCK  ADVISORY  WRITE 13 fd:01:5 0 EOF\n\
                     4: FLOCK  ADVISORY  WRITE 4711 00:18:5 0 EOF\n";
        assert_eq!(locker_in(locks, nix::sys::stat::makedev(0, 0x18), 5), Some(4711));
        assert_eq!(locker_in(locks, nix::sys::stat::makedev(0xfd, 1), 5), Some(13));
        assert_eq!(locker_in(locks, nix::sys::stat::makedev(0, 0x18), 6), None);
    }

    #[test]
    fn where_no_file_can_be_made_there_is_no_lock() {
        assert!(UucpLock::take_in(Path::new("/nonexistent"), "ttyX2").unwrap().is_none());
        assert!(UucpLock::take(Path::new("/dev/pts/3")).unwrap().is_none());
    }
}
