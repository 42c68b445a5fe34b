//! The feature codes of a switch plan, as the exchange sees them: what is dialled, and what it answers.
//!
//! A plan says what a subscriber does. Here its procedures are read from the other side: each becomes a [`Code`], digits
//! to match, and after each group of digits the signal that the subscriber waits for. Which code counts at which moment
//! is decided by the switch; nothing here knows lines or calls.

use super::numbers::DialString;
use loopstart_signal::plan::{Blank, Piece, Plan, Procedure, Service, Step, Waits};

/// When a code is dialled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lead {
    /// At dial tone.
    DialTone,
    /// After a hook flash.
    Flash,
    /// While busy tone or ringback sounds.
    Tone,
}

/// Digits, and what the subscriber waits for then.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Group {
    pub(crate) pieces: Vec<Piece>,
    pub(crate) signal: Waits,
}

/// A procedure that is dialled.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Code {
    pub(crate) service: Service,
    pub(crate) lead: Lead,
    /// The subscriber waits for recall dial tone before the first digit.
    pub(crate) tone_first: bool,
    pub(crate) groups: Vec<Group>,
    /// The subscriber then hangs up by himself.
    pub(crate) hangs_up: bool,
    /// The part of a procedure that comes after a second flash.
    pub(crate) second: bool,
}

/// What a procedure is when no digit belongs to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bare {
    /// One flash does it.
    Flash,
    /// It takes two flashes: the first does something else.
    TwoFlashes,
    /// Hanging up does it.
    OnHook,
}

/// What filled the blanks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Fields {
    pub(crate) number: Option<DialString>,
    pub(crate) extension: Option<DialString>,
    pub(crate) slot: Option<DialString>,
    pub(crate) seconds: Option<u32>,
}

/// How far digits fill a blank at the end of a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Extent {
    /// More must come.
    More,
    /// It could be complete.
    Maybe,
    /// It is complete.
    Done,
    /// It can be nothing.
    Never,
}

/// How digits fit a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fit {
    No,
    /// So far.
    Part,
    /// It fits; more digits may belong to it.
    Maybe(Fields),
    /// It fits.
    Whole(Fields),
}

/// The procedure of a service when it has no digits.
pub(crate) fn bare(procedure: &Procedure) -> Option<Bare> {
    let acts: Vec<&Step> =
        procedure.steps().iter().filter(|step| !matches!(step, Step::Pause(_) | Step::Wait(_))).collect();
    match acts.as_slice() {
        [Step::Flash] => Some(Bare::Flash),
        [Step::Flash, Step::Flash] => Some(Bare::TwoFlashes),
        [Step::OnHook] | [Step::OnHook, Step::OffHook] => Some(Bare::OnHook),
        _ => None,
    }
}

/// What a code is that was dialled on a telephone without a star: North American exchanges take `11` for it (1167 is *67).
pub(crate) fn spelt(plan: &Plan, digits: &DialString) -> Option<DialString> {
    let american = plan.name == "nanp" || plan.parents.iter().any(|parent| parent == "nanp");
    let rest = digits.strip_prefix("11").filter(|_| american && plan.access.is_none())?;
    DialString::from(&format!("*{rest}")).ok()
}

/// Every code of a plan.
pub(crate) fn codes(plan: &Plan) -> Vec<Code> {
    let mut codes = Vec::new();
    for (service, procedure) in plan.services() {
        read(service, procedure.steps(), &mut codes);
    }
    codes
}

/// Reads one procedure; what follows a flash in its middle becomes a code of its own.
fn read(service: Service, steps: &[Step], codes: &mut Vec<Code>) {
    let mut code =
        Code { service, lead: Lead::DialTone, tone_first: false, groups: Vec::new(), hangs_up: false, second: false };
    // A group goes on through `dial` after `dial`.
    let mut open = false;
    for step in steps {
        match step {
            Step::Dial(pieces) => match code.groups.last_mut() {
                Some(group) if open => group.pieces.extend(pieces.iter().cloned()),
                _ => {
                    code.groups.push(Group { pieces: pieces.clone(), signal: Waits::empty() });
                    open = true;
                }
            },
            Step::Wait(waits) => {
                open = false;
                match code.groups.last_mut() {
                    Some(group) => group.signal |= *waits,
                    None if code.lead == Lead::Flash => code.tone_first |= waits.contains(Waits::RECALL_DIAL),
                    None if waits.intersects(Waits::BUSY | Waits::RINGBACK | Waits::ANNOUNCEMENT) => {
                        code.lead = Lead::Tone;
                    }
                    None => {}
                }
            }
            Step::Flash if code.groups.is_empty() => code.lead = Lead::Flash,
            Step::Flash => {
                let rest = Code { lead: Lead::Flash, groups: Vec::new(), second: true, ..code.clone() };
                codes.push(std::mem::replace(&mut code, rest));
                open = false;
            }
            // What began on a tone goes on at dial tone after a hang-up.
            Step::OnHook if code.groups.is_empty() => code.lead = Lead::DialTone,
            Step::OnHook => {
                code.hangs_up = true;
                // Digits after that are those of the next call.
                break;
            }
            Step::OffHook | Step::Pause(_) => {}
        }
    }
    if !code.groups.is_empty() {
        codes.push(code);
    }
}

/// How `digits` fit `pieces`. `extent` tells of a blank at the end how far it is filled.
pub(crate) fn fit(pieces: &[Piece], digits: &str, extent: &dyn Fn(Blank, &str) -> Extent) -> Fit {
    let mut rest = digits;
    let mut fields = Fields::default();
    let mut at = pieces.iter().peekable();
    while let Some(piece) = at.next() {
        match piece {
            Piece::Digits(known) => {
                if let Some(after) = rest.strip_prefix(known.as_str()) {
                    rest = after;
                } else if known.starts_with(rest) {
                    return Fit::Part;
                } else {
                    return Fit::No;
                }
            }
            Piece::Blank(blank) => {
                let end = at.peek().and_then(|next| match next {
                    Piece::Digits(known) => known.chars().next(),
                    Piece::Blank(_) => None,
                });
                let Some(end) = end else {
                    let fit = extent(*blank, rest);
                    if fit != Extent::Never {
                        fields.fill(*blank, rest.strip_suffix('#').unwrap_or(rest));
                    }
                    return match fit {
                        Extent::More => Fit::Part,
                        Extent::Maybe => Fit::Maybe(fields),
                        Extent::Done => Fit::Whole(fields),
                        Extent::Never => Fit::No,
                    };
                };
                let Some((field, _)) = rest.split_once(end) else {
                    return if rest.contains(['*', '#']) { Fit::No } else { Fit::Part };
                };
                if field.is_empty() || field.contains(['*', '#']) || !fields.fill(*blank, field) {
                    return Fit::No;
                }
                rest = rest.get(field.len()..).unwrap_or("");
            }
        }
    }
    if rest.is_empty() { Fit::Whole(fields) } else { Fit::No }
}

impl Fields {
    /// Fills a blank. False: that cannot be in it.
    fn fill(&mut self, blank: Blank, text: &str) -> bool {
        let Ok(digits) = DialString::from(text) else { return false };
        match blank {
            Blank::Number => self.number = Some(digits),
            Blank::Extension => self.extension = Some(digits),
            Blank::Slot => self.slot = Some(digits),
            Blank::Seconds => match text.parse() {
                Ok(seconds) => self.seconds = Some(seconds),
                Err(_) => return false,
            },
        }
        true
    }

    /// With what `later` adds.
    pub(crate) fn and(self, later: Self) -> Self {
        Self {
            number: later.number.or(self.number),
            extension: later.extension.or(self.extension),
            slot: later.slot.or(self.slot),
            seconds: later.seconds.or(self.seconds),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> Vec<Code> {
        let procedure = Procedure::parse(text, |_| None).unwrap();
        let mut codes = Vec::new();
        read(Service::ForwardAll, procedure.steps(), &mut codes);
        codes
    }

    fn seven(_: Blank, digits: &str) -> Extent {
        match digits.len() {
            0..7 => Extent::More,
            7 => Extent::Done,
            _ => Extent::Never,
        }
    }

    #[test]
    fn procedures_become_codes() {
        let codes = code("dial:*72 wait:recall-dial dial:{n} wait:answer pause:3000 onhook");
        assert_eq!((codes.len(), codes[0].groups.len()), (1, 2));
        assert_eq!((codes[0].lead, codes[0].hangs_up), (Lead::DialTone, true));
        assert_eq!(codes[0].groups[0].signal, Waits::RECALL_DIAL);
        assert_eq!(codes[0].groups[1].signal, Waits::ANSWER);
        let codes = code("flash wait:recall-dial dial:3");
        assert!(codes[0].tone_first && codes[0].lead == Lead::Flash);
        assert_eq!(code("wait:busy dial:5")[0].lead, Lead::Tone);
        assert_eq!(code("wait:busy flash dial:*37#")[0].lead, Lead::Flash);
        assert_eq!(code("wait:busy onhook offhook dial:*82")[0].lead, Lead::DialTone);
        let codes = code("dial:*4 wait:dial dial:{n} wait:answer flash dial:*4");
        assert!(codes.len() == 2 && codes[1].second && codes[1].lead == Lead::Flash);
        assert_eq!(code("dial:*44 dial:{n}")[0].groups.len(), 1, "one group");
        assert!(code("flash").is_empty());
    }

    #[test]
    fn fields_are_read() {
        let pieces = code("dial:*61*{n}*{t}#")[0].groups[0].pieces.clone();
        assert_eq!(fit(&pieces, "*6", &seven), Fit::Part);
        assert_eq!(fit(&pieces, "*61*5550101*2", &seven), Fit::Part);
        assert_eq!(fit(&pieces, "*62", &seven), Fit::No);
        assert_eq!(fit(&pieces, "*61*5550101#", &seven), Fit::No, "the other form");
        let Fit::Whole(fields) = fit(&pieces, "*61*5550101*25#", &seven) else { panic!() };
        assert_eq!((fields.number.as_deref(), fields.seconds), (Some("5550101"), Some(25)));
        let pieces = code("dial:*3{n}")[0].groups[0].pieces.clone();
        assert_eq!(fit(&pieces, "*3555010", &seven), Fit::Part);
        assert!(matches!(fit(&pieces, "*35550101", &seven), Fit::Whole(f) if f.number.as_deref() == Some("5550101")));
    }

    #[test]
    fn bare_procedures() {
        let of = |text: &str| bare(&Procedure::parse(text, |_| None).unwrap());
        assert_eq!(of("flash"), Some(Bare::Flash));
        assert_eq!(of("flash pause:700 flash"), Some(Bare::TwoFlashes));
        assert_eq!(of("pause:2100 onhook"), Some(Bare::OnHook));
        assert_eq!(of("flash wait:recall-dial dial:2"), None);
    }
}
