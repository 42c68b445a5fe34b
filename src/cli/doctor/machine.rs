//! What the machine gives to all devices: priority, rules, news of devices, and who else talks to modems.

use super::{Report, State};
use crate::config::Config;
use crate::hal::hotplug::Monitor;
use crate::hal::rt;
use std::fs;
use std::path::{Path, PathBuf};

/// The priority that is tried where none is set.
const PRIORITY: u8 = 40;
/// Where rules of udev are.
const RULES: [&str; 4] = ["etc/udev/rules.d", "run/udev/rules.d", "usr/local/lib/udev/rules.d", "usr/lib/udev/rules.d"];
const FILE: &str = "61-loopstart.rules";

/// `attached`: there is a device that the rules are for.
pub(super) fn examine(config: &Config, attached: bool) -> Report {
    let mut report = Report::new("machine", None);
    realtime(&mut report, config);
    let installed = rules(Path::new("/"));
    match &installed {
        Some(path) => report.add("udev rules", State::Good, path.display()),
        None if !config.roots.has_udev() => report.add("udev rules", State::Note, "no udev runs here"),
        None => {
            let hint = format!("copy udev/{FILE} to /etc/udev/rules.d, then 'udevadm control --reload'");
            let state = if attached { State::Warning } else { State::Note };
            report.advise("udev rules", state, "not installed", hint);
        }
    }
    if config.watches() {
        match Monitor::open() {
            Ok(_) => report.add("hotplug", State::Good, "the kernel and udev tell of devices that come and go"),
            Err(why) => {
                report.add(
                    "hotplug",
                    State::Note,
                    format!("no news of devices ({why}): they are looked for every 3 s"),
                );
            }
        }
    } else {
        report.add("hotplug", State::Note, "off: devices that come later are not taken");
    }
    if installed.is_none() && runs(&config.roots.proc, "ModemManager") {
        let hint = "install the udev rules, which tell it to leave voice modems alone";
        report.advise("ModemManager", State::Warning, "it runs, and may hold a modem for a minute", hint);
    }
    report.judged()
}

fn realtime(report: &mut Report, config: &Config) {
    let priority = config.realtime_priority.unwrap_or(PRIORITY);
    // In a thread of its own, which ends with it.
    let tried =
        std::thread::Builder::new().spawn(move || rt::set_realtime(priority)).map(std::thread::JoinHandle::join);
    match tried {
        Ok(Ok(Ok(()))) if config.realtime_priority.is_some() => {
            report.add("real-time priority", State::Good, format!("{priority}, granted"));
        }
        Ok(Ok(Ok(()))) => {
            let hint = format!("[realtime] priority = {priority} in the configuration file, for busy machines");
            report.advise("real-time priority", State::Note, "would be granted, is not asked for", hint);
        }
        Ok(Ok(Err(refused))) => {
            let wanted = config.realtime_priority.is_some();
            report.add("real-time priority", if wanted { State::Warning } else { State::Note }, refused);
        }
        _ => report.add("real-time priority", State::Note, "cannot be tried"),
    }
}

/// Our rules, where they are installed.
fn rules(root: &Path) -> Option<PathBuf> {
    RULES.iter().map(|directory| root.join(directory).join(FILE)).find(|path| path.is_file())
}

/// Whether a program of this name runs.
fn runs(proc: &Path, name: &str) -> bool {
    let entries = fs::read_dir(proc).into_iter().flatten().flatten();
    entries.map(|e| e.path().join("comm")).any(|comm| fs::read_to_string(comm).is_ok_and(|text| text.trim() == name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_and_rules_are_found() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path();
        assert!(!runs(root, "ModemManager"));
        fs::create_dir(root.join("7")).unwrap();
        fs::write(root.join("7/comm"), "ModemManager\n").unwrap();
        assert!(runs(root, "ModemManager"));
        assert!(!runs(root, "Modem"));
        assert_eq!(rules(root), None);
        fs::create_dir_all(root.join("usr/lib/udev/rules.d")).unwrap();
        fs::write(root.join("usr/lib/udev/rules.d").join(FILE), "").unwrap();
        assert_eq!(rules(root), Some(root.join("usr/lib/udev/rules.d").join(FILE)));
    }
}
