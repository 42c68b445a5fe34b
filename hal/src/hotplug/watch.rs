//! What is to become of the lines, given what is attached. Pure: no clock, no file.
//!
//! Every look compares all devices with all lines, so that it does not matter which events led to it. A device belongs to
//! the line whose selector says most about it. A line whose device was pulled waits for it; after that time it is closed, or
//! removed when it was found and not configured.

use crate::OpenError;
use crate::registry::{Found, Selector};
use loopstart_signal::Time;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long udev may take to see to a node. On a busy start of the machine it takes seconds.
const READY: Duration = Duration::from_secs(10);
/// How long a port that cannot be opened is tried again in short intervals.
const SOON: Duration = Duration::from_secs(15);
/// The first of them; each is twice as long as the one before.
const FIRST: Duration = Duration::from_millis(100);
/// The longest of them.
const LONGEST: Duration = Duration::from_secs(2);
/// How long a port that another program has is tried again in short intervals: programs that probe modems hold them for up
/// to a minute.
const BUSY: Duration = Duration::from_secs(90);
/// After that time a port is tried again this often: a program may have ended, or somebody may have given us the right.
const LATER: Duration = Duration::from_secs(30);
/// The least time between two openings of one node that went well: one that hangs up at once must not keep us busy.
const AGAIN: Duration = Duration::from_secs(1);
/// A line whose device cannot be opened for a reason that waiting does not change.
const SELDOM: Duration = Duration::from_secs(300);

/// How a line is with its device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SeenState {
    /// It has its device, or will get it from somebody else.
    Settled,
    /// Its device was pulled at this moment, and the line waits for it.
    Pulled(Time),
    /// It has none, and was closed.
    Without,
}

/// A line, as it bears on what is attached.
#[derive(Clone, Copy, Debug)]
pub struct Seen<'a, I> {
    /// Its number.
    pub id: I,
    /// What it was configured or found as.
    pub selector: &'a Selector,
    /// What a path in the selector leads to at present.
    pub target: Option<&'a Path>,
    /// The node that it has open.
    pub node: Option<&'a Path>,
    /// Where its device was plugged in when it was last there.
    pub place: Option<&'a str>,
    /// How it is with its device.
    pub state: SeenState,
    /// It was found, not configured.
    pub found: bool,
}

/// What is to be done. Afterwards look again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step<I> {
    /// Make the device a line.
    Add(Found),
    /// Give the line its device.
    Reopen(I, Found),
    /// The device of a configured line is not back in time: close the line.
    Close(I),
    /// That of a line that was found: remove the line.
    Remove(I),
}

/// Why opening failed, as far as it matters for trying again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attempt {
    /// It may work in a moment: the node is being set up.
    Soon,
    /// Another program has it.
    Busy,
    /// Nothing that waiting helps.
    Never,
}

impl From<&OpenError> for Attempt {
    fn from(error: &OpenError) -> Self {
        match error {
            OpenError::Missing { .. } | OpenError::Permission { .. } | OpenError::Os { .. } => Self::Soon,
            OpenError::Busy { .. } => Self::Busy,
            _ => Self::Never,
        }
    }
}

/// What is remembered of a device that is there.
#[derive(Debug)]
struct Known {
    node: PathBuf,
    place: Option<String>,
    since: Time,
    /// Failures, since the first of them.
    failed: Option<Failed>,
    /// Not before.
    next: Option<Time>,
}

#[derive(Clone, Copy, Debug)]
struct Failed {
    first: Time,
    wait: Duration,
}

/// Decides what becomes of lines as devices come and go.
#[derive(Debug)]
pub struct Watch {
    /// New devices of known kinds become lines.
    auto: bool,
    /// How long a line waits for its device.
    patience: Duration,
    known: Vec<Known>,
    deadline: Option<Time>,
}

impl Watch {
    /// `auto`: devices of known kinds that no line names become lines. `patience`: how long a line waits for a device that
    /// was pulled.
    pub const fn new(auto: bool, patience: Duration) -> Self {
        Self { auto, patience, known: Vec::new(), deadline: None }
    }

    /// When to look again although nothing happened.
    pub const fn deadline(&self) -> Option<Time> {
        self.deadline
    }

    fn due(&mut self, at: Time) {
        self.deadline = Some(self.deadline.map_or(at, |other| other.min(at)));
    }

    /// The node of a device could not be opened. True: that is news worth a line in a log.
    pub fn failed(&mut self, node: &Path, why: Attempt, now: Time) -> bool {
        let Some(known) = self.known.iter_mut().find(|k| k.node == node) else { return true };
        let news = known.failed.is_none();
        let failed = known.failed.get_or_insert(Failed { first: now, wait: FIRST });
        let (short, long) = match why {
            Attempt::Soon => (SOON, LATER),
            Attempt::Busy => (BUSY, LATER),
            Attempt::Never => (Duration::ZERO, SELDOM),
        };
        let wait = if now.since(failed.first) < short { failed.wait } else { long };
        failed.wait = (failed.wait * 2).min(LONGEST);
        let next = now + wait;
        known.next = Some(next);
        self.due(next);
        news
    }

    /// The node of a device was opened.
    pub fn opened(&mut self, node: &Path, now: Time) {
        if let Some(known) = self.known.iter_mut().find(|k| k.node == node) {
            known.failed = None;
            known.next = Some(now + AGAIN);
        }
    }

    /// Something was told about this node: it is tried at once, whatever was before.
    pub fn stir(&mut self, node: &Path) {
        if let Some(known) = self.known.iter_mut().find(|k| k.node == node) {
            known.next = None;
        }
    }

    /// Compares what is attached with the lines.
    pub fn look<I: Copy + Eq>(&mut self, attached: &[Found], lines: &[Seen<'_, I>], now: Time) -> Vec<Step<I>> {
        self.deadline = None;
        self.remember(attached, now);
        let mut steps = Vec::new();
        // What lines have is theirs.
        let open = |f: &Found| lines.iter().any(|l| l.state == SeenState::Settled && l.node == Some(&f.node));
        let mut free: Vec<&Found> = attached.iter().filter(|f| !open(f)).collect();
        let mut waiting: Vec<&Seen<'_, I>> = lines.iter().filter(|l| l.state != SeenState::Settled).collect();
        while let Some((f, l)) = best(&free, &waiting) {
            let (device, line) = (free.remove(f), waiting.remove(l));
            if self.may_open(device, now) {
                steps.push(Step::Reopen(line.id, device.clone()));
            } else if let SeenState::Pulled(since) = line.state {
                // It is there, only not usable yet: no reason to close the line, but not for ever.
                self.give_up_after(&mut steps, line, since + READY.max(BUSY), now);
            }
        }
        for line in waiting {
            if let SeenState::Pulled(since) = line.state {
                self.give_up_after(&mut steps, line, since, now);
            }
        }
        if self.auto {
            for device in free {
                // One that a line names and cannot have for now is not another line's; one that has to be named is nobody's.
                if device.known && self.may_open(device, now) {
                    steps.push(Step::Add(device.clone()));
                }
            }
        }
        steps
    }

    fn give_up_after<I: Copy>(&mut self, steps: &mut Vec<Step<I>>, line: &Seen<'_, I>, since: Time, now: Time) {
        let until = since + self.patience;
        if until > now {
            self.due(until);
        } else {
            steps.push(if line.found { Step::Remove(line.id) } else { Step::Close(line.id) });
        }
    }

    /// Notes what is there and since when, and forgets what is there no longer.
    fn remember(&mut self, attached: &[Found], now: Time) {
        self.known.retain(|k| attached.iter().any(|f| f.node == k.node && f.place == k.place));
        for f in attached {
            if !self.known.iter().any(|k| k.node == f.node) {
                let (node, place) = (f.node.clone(), f.place.clone());
                self.known.push(Known { node, place, since: now, failed: None, next: None });
            }
        }
    }

    /// Whether a device may be opened now; if not, notes when to look again.
    fn may_open(&mut self, device: &Found, now: Time) -> bool {
        let Some(known) = self.known.iter().find(|k| k.node == device.node) else { return true };
        let ready = if device.ready { known.since } else { known.since + READY };
        let at = known.next.map_or(ready, |next| next.max(ready));
        if at > now {
            self.due(at);
        }
        at <= now
    }
}

/// How much a line's selector says about a device; `None`: another device is meant.
fn fit<I>(line: &Seen<'_, I>, device: &Found) -> Option<u8> {
    let here = u8::from(line.place.is_some() && line.place == device.place.as_deref());
    match line.selector {
        Selector::Serial { .. } => (line.target == Some(&device.node)).then_some(8),
        Selector::Usb { serial, place, .. } => line
            .selector
            .names(device)
            .then_some(1 + here * 2 + u8::from(serial.is_some()) + u8::from(place.is_some()) * 4),
        other => (*other == device.selector).then_some(8),
    }
}

/// The device and the line that fit best. A line that several devices fit equally well gets none: nobody could say which.
fn best<I: Copy + Eq>(free: &[&Found], waiting: &[&Seen<'_, I>]) -> Option<(usize, usize)> {
    let mut best: Option<(u8, usize, usize)> = None;
    for (l, line) in waiting.iter().enumerate() {
        let mut fits: Vec<(u8, usize)> =
            free.iter().enumerate().filter_map(|(f, d)| Some((fit(line, d)?, f))).collect();
        fits.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
        let (score, f) = match fits.as_slice() {
            [(score, f)] => (*score, *f),
            [(score, f), (second, _), ..] if score > second => (*score, *f),
            _ => continue,
        };
        if best.is_none_or(|(b, ..)| score > b) {
            best = Some((score, f, l));
        }
    }
    best.map(|(_, f, l)| (f, l))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hotplug::UsbPort;

    const PATIENCE: Duration = Duration::from_secs(30);

    fn at(millis: u64) -> Time {
        Time::from_micros(millis * 1000)
    }

    fn device(tty: &str, stable: &str, place: &str) -> Found {
        let node = Path::new("/dev").join(tty);
        let stable = stable.parse().unwrap();
        let Selector::Usb { vendor, product, serial, .. } = &stable else { panic!("{stable}") };
        let usb = UsbPort { vendor: *vendor, product: *product, serial: serial.clone(), ..UsbPort::default() };
        Found {
            selector: Selector::Serial { path: node.clone(), profile: None },
            stable,
            node,
            description: String::new(),
            place: Some(place.into()),
            known: true,
            ready: true,
            usb: Some(usb),
        }
    }

    /// A line, with what a [`Seen`] borrows.
    struct Line {
        selector: Selector,
        target: Option<PathBuf>,
        node: Option<PathBuf>,
        place: Option<String>,
        state: SeenState,
        found: bool,
    }

    impl Line {
        fn new(selector: &str, state: SeenState) -> Self {
            let selector: Selector = selector.parse().unwrap();
            let target = if let Selector::Serial { path, .. } = &selector { Some(path.clone()) } else { None };
            Self { selector, target, node: None, place: None, state, found: true }
        }

        fn at(mut self, node: &str, place: &str) -> Self {
            self.node = Some(Path::new("/dev").join(node));
            self.place = Some(place.into());
            self
        }
    }

    fn look(watch: &mut Watch, attached: &[Found], lines: &[Line], now: u64) -> Vec<String> {
        let seen: Vec<Seen<'_, usize>> = lines
            .iter()
            .enumerate()
            .map(|(id, l)| Seen {
                id,
                selector: &l.selector,
                target: l.target.as_deref(),
                node: l.node.as_deref(),
                place: l.place.as_deref(),
                state: l.state,
                found: l.found,
            })
            .collect();
        let said = |step: Step<usize>| match step {
            Step::Add(f) => format!("add {}", f.stable),
            Step::Reopen(id, f) => format!("{id} {}", f.node.display()),
            Step::Close(id) => format!("close {id}"),
            Step::Remove(id) => format!("remove {id}"),
        };
        watch.look(attached, &seen, at(now)).into_iter().map(said).collect()
    }

    const ONE: &str = "usb:0572:1340:24680F";

    #[test]
    fn a_new_device_of_a_known_kind_becomes_a_line() {
        let stranger = Found { known: false, ..device("ttyUSB0", "usb:0403:6001:A1", "p9") };
        let there = [device("ttyACM0", ONE, "p1"), stranger];
        assert_eq!(look(&mut Watch::new(true, PATIENCE), &there, &[], 0), [format!("add {ONE}")]);
        assert!(look(&mut Watch::new(false, PATIENCE), &there, &[], 0).is_empty());
        let line = Line::new(ONE, SeenState::Settled).at("ttyACM0", "p1");
        assert!(look(&mut Watch::new(true, PATIENCE), &there, &[line], 0).is_empty());
        // A stranger that is named.
        let line = Line::new("usb:0403:6001:A1", SeenState::Without);
        assert_eq!(look(&mut Watch::new(false, PATIENCE), &there, &[line], 0), ["0 /dev/ttyUSB0"]);
    }

    #[test]
    fn a_line_gets_its_device_back_under_another_number() {
        let mut watch = Watch::new(true, PATIENCE);
        let mut line = [Line::new(ONE, SeenState::Pulled(at(1_000))).at("ttyACM0", "p1")];
        assert!(look(&mut watch, &[], &line, 1_000).is_empty());
        assert_eq!(watch.deadline(), Some(at(31_000)));
        assert_eq!(look(&mut watch, &[device("ttyACM7", ONE, "p2")], &line, 5_000), ["0 /dev/ttyACM7"]);
        assert!(look(&mut watch, &[], &line, 30_999).is_empty());
        assert_eq!(look(&mut watch, &[], &line, 31_000), ["remove 0"]);
        line[0].found = false;
        assert_eq!(look(&mut watch, &[], &line, 31_000), ["close 0"]);
        // Later still, one that was configured comes back too.
        line[0].state = SeenState::Without;
        assert!(look(&mut watch, &[], &line, 60_000).is_empty());
        assert_eq!(look(&mut watch, &[device("ttyACM0", ONE, "p1")], &line, 90_000), ["0 /dev/ttyACM0"]);
    }

    #[test]
    fn twins_are_not_mixed_up() {
        let mut watch = Watch::new(true, PATIENCE);
        let pulled = SeenState::Pulled(at(0));
        // The first was alone when it was found.
        let lines = [
            Line::new("usb:0572:1340:S", pulled).at("ttyACM0", "p1"),
            Line::new("usb:0572:1340:S@p2", pulled).at("ttyACM1", "p2"),
        ];
        let first = || device("ttyACM5", "usb:0572:1340:S@p1", "p1");
        let second = || device("ttyACM6", "usb:0572:1340:S@p2", "p2");
        let both = ["1 /dev/ttyACM6", "0 /dev/ttyACM5"];
        assert_eq!(look(&mut watch, &[first(), second()], &lines, 0), both);
        assert_eq!(look(&mut watch, &[second(), first()], &lines, 0), both);
        // Alone, its name has no place.
        assert_eq!(look(&mut watch, &[device("ttyACM6", "usb:0572:1340:S", "p2")], &lines, 0), ["1 /dev/ttyACM6"]);
        assert_eq!(look(&mut watch, &[device("ttyACM5", "usb:0572:1340:S", "p1")], &lines, 0), ["0 /dev/ttyACM5"]);
        // Two that fit a line equally well.
        let named = [Line { found: false, ..Line::new("usb:0572:1340", SeenState::Without) }];
        let mut watch = Watch::new(false, PATIENCE);
        assert!(look(&mut watch, &[first(), second()], &named, 0).is_empty());
        assert_eq!(look(&mut watch, &[second()], &named, 0), ["0 /dev/ttyACM6"]);
    }

    #[test]
    fn a_node_is_left_to_udev_first_but_not_for_ever() {
        let mut watch = Watch::new(true, PATIENCE);
        let raw = || [Found { ready: false, ..device("ttyACM0", ONE, "p1") }];
        assert!(look(&mut watch, &raw(), &[], 1_000).is_empty());
        assert_eq!(watch.deadline(), Some(at(11_000)));
        assert_eq!(look(&mut watch, &[device("ttyACM0", ONE, "p1")], &[], 1_050).len(), 1);
        assert!(look(&mut watch, &raw(), &[], 10_999).is_empty());
        assert_eq!(look(&mut watch, &raw(), &[], 11_000).len(), 1);
    }

    #[test]
    fn what_cannot_be_opened_is_tried_again_ever_more_seldom() {
        let there = [device("ttyACM0", ONE, "p1")];
        let node = Path::new("/dev/ttyACM0");
        for (why, expected, all) in [(Attempt::Soon, 12, 500), (Attempt::Busy, 50, 500), (Attempt::Never, 1, 100)] {
            let mut watch = Watch::new(true, PATIENCE);
            let (mut now, mut early, mut tries) = (0, 0, 0);
            while now < 3_600_000 {
                if !look(&mut watch, &there, &[], now).is_empty() {
                    assert_eq!(watch.failed(node, why, at(now)), tries == 0, "{why:?}");
                    tries += 1;
                    early += u32::from(now < 100_000);
                }
                now = watch.deadline().expect("another try").millis();
            }
            assert!(early <= expected + 3 && early >= expected, "{why:?}: {early} tries in 100 s");
            assert!(tries < all && tries > 10, "{why:?}: {tries} in an hour");
            // News of it, and it is tried at once.
            assert!(look(&mut watch, &there, &[], now - 1).is_empty());
            watch.stir(node);
            assert_eq!(look(&mut watch, &there, &[], now - 1).len(), 1);
        }
        // Gone and back: it begins anew.
        let mut watch = Watch::new(true, PATIENCE);
        assert_eq!(look(&mut watch, &there, &[], 0).len(), 1);
        watch.failed(node, Attempt::Never, at(0));
        assert!(look(&mut watch, &there, &[], 10).is_empty());
        assert!(look(&mut watch, &[], &[], 20).is_empty());
        assert_eq!(look(&mut watch, &there, &[], 30).len(), 1);
    }

    #[test]
    fn a_pulled_line_whose_device_is_back_but_busy_is_not_closed_at_once() {
        let mut watch = Watch::new(true, PATIENCE);
        let line = [Line::new(ONE, SeenState::Pulled(at(0))).at("ttyACM0", "p1")];
        let there = [device("ttyACM1", ONE, "p1")];
        assert_eq!(look(&mut watch, &there, &line, 29_000), ["0 /dev/ttyACM1"]);
        watch.failed(Path::new("/dev/ttyACM1"), Attempt::Never, at(29_000));
        assert!(look(&mut watch, &there, &line, 31_000).is_empty());
        assert_eq!(look(&mut watch, &there, &line, 121_000), ["remove 0"]);
    }

    #[test]
    fn a_path_that_is_named_is_followed() {
        let mut watch = Watch::new(false, PATIENCE);
        let mut line = [Line::new("serial:/dev/serial/by-id/usb-X", SeenState::Without)];
        let there = [device("ttyACM3", ONE, "p1"), device("ttyACM4", "usb:0572:1340:Z", "p2")];
        assert!(look(&mut watch, &there, &line, 0).is_empty());
        line[0].target = Some("/dev/ttyACM4".into());
        assert_eq!(look(&mut watch, &there, &line, 0), ["0 /dev/ttyACM4"]);
    }

    #[test]
    fn a_port_that_hangs_up_at_once_keeps_nobody_busy() {
        let mut watch = Watch::new(true, PATIENCE);
        let there = [device("ttyACM0", ONE, "p1")];
        let line = [Line::new(ONE, SeenState::Pulled(at(0))).at("ttyACM0", "p1")];
        assert_eq!(look(&mut watch, &there, &line, 0), ["0 /dev/ttyACM0"]);
        watch.opened(&there[0].node, at(0));
        assert!(look(&mut watch, &there, &line, 10).is_empty());
        assert_eq!(watch.deadline(), Some(at(1_000)));
        assert_eq!(look(&mut watch, &there, &line, 1_000), ["0 /dev/ttyACM0"]);
        // Pulled and plugged in, it is another matter.
        watch.opened(&there[0].node, at(1_000));
        assert!(look(&mut watch, &[], &line, 1_100).is_empty());
        assert_eq!(look(&mut watch, &there, &line, 1_200), ["0 /dev/ttyACM0"]);
    }
}
