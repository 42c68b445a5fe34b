//! The commands of V.250, and the parts of other standards that belong to every class.

use super::dialer::{After, Answerer, Dialer, MAX_ELEMENTS, Order};
use super::escape::Escape;
use super::output::Code;
use super::settings::{RATES, Settings, VoiceSettings};
use super::{BOOK, Dialect, Modem, Next, State};
use arrayvec::ArrayVec;
use loopstart_signal::at::command::{Command, DialElement, DialString, Form, Parameters, Syntax};
use std::ops::RangeInclusive;

/// What a command answers to its test and read forms.
pub(super) struct Answer {
    pub(super) allowed: &'static str,
    pub(super) read: String,
}

/// Most numbers that a command takes.
const MAX_VALUES: usize = 4;

/// The numbers of a set command. Missing ones mean no change.
pub(super) struct Values(ArrayVec<Option<u32>, MAX_VALUES>);

impl Values {
    pub(super) fn read(list: Parameters<'_>) -> Result<Self, Syntax> {
        let mut values = ArrayVec::new();
        for parameter in list.iter() {
            values.try_push(parameter.number()?).map_err(|_| Syntax)?;
        }
        Ok(Self(values))
    }

    pub(super) fn four(&self) -> Result<[Option<u32>; MAX_VALUES], Syntax> {
        let mut all = [None; MAX_VALUES];
        for (slot, value) in all.iter_mut().zip(&self.0) {
            *slot = *value;
        }
        Ok(all)
    }

    /// The only number; `None` when there are several.
    pub(super) fn only(&self) -> Option<Option<u32>> {
        match self.0.as_slice() {
            [value] => Some(*value),
            _ => None,
        }
    }

    /// Sets one number; false when it does not fit.
    pub(super) fn one(&self, range: RangeInclusive<u32>, slot: &mut u8) -> bool {
        self.only().is_some_and(|value| fit(value, &range, slot))
    }

    /// Sets one or two numbers; false when one does not fit, and then neither is set.
    pub(super) fn two(&self, first: RangeInclusive<u32>, second: RangeInclusive<u32>, slots: &mut [u8; 2]) -> bool {
        let [mut a, mut b] = *slots;
        let fits = match self.0.as_slice() {
            [x] => fit(*x, &first, &mut a),
            [x, y] => fit(*x, &first, &mut a) && fit(*y, &second, &mut b),
            _ => false,
        };
        if fits {
            *slots = [a, b];
        }
        fits
    }
}

fn fit(value: Option<u32>, range: &RangeInclusive<u32>, slot: &mut u8) -> bool {
    let Some(value) = value else { return true };
    match u8::try_from(value) {
        Ok(small) if range.contains(&value) => {
            *slot = small;
            true
        }
        _ => false,
    }
}

impl Modem {
    /// One line of information text.
    pub(super) fn say(&mut self, text: &str) -> Next {
        self.output.text(&self.settings, [text]);
        Next::Go
    }

    /// Answers the test and read forms; sets what the set form says.
    pub(super) fn answer_value(
        &mut self,
        form: Form<'_>,
        answer: Answer,
        set: impl FnOnce(&mut Self, &Values) -> bool,
    ) -> Next {
        match form {
            Form::Test => self.say(answer.allowed),
            Form::Read => self.say(&answer.read),
            Form::Set(list) => match Values::read(list) {
                Ok(values) if set(self, &values) => Next::Go,
                _ => Next::End(Code::Error),
            },
            Form::Execute => Next::End(Code::Error),
        }
    }

    /// As [`answer_value`](Self::answer_value), with the command's name before the answers as V.250 prints them.
    fn answer_named(
        &mut self,
        name: &str,
        form: Form<'_>,
        allowed: &str,
        read: &str,
        set: impl FnOnce(&mut Self, &Values) -> bool,
    ) -> Next {
        match form {
            Form::Test => self.say(&format!("{name}: {allowed}")),
            Form::Read => self.say(&format!("{name}: {read}")),
            form => self.answer_value(form, Answer { allowed: "", read: String::new() }, set),
        }
    }

    /// Carries out one command.
    pub(super) fn execute(&mut self, command: Command<'_>) -> Next {
        match command {
            Command::Basic { prefix: 0, letter, value } => self.basic(letter, value),
            Command::Basic { prefix: b'&', letter, value } => self.ampersand(letter, value),
            Command::Basic { prefix, letter, value } => self.ignored(prefix, letter, value.unwrap_or(0)),
            Command::RegisterRead { number } => match self.settings.register(number) {
                Some(value) => self.say(&format!("{value:03}")),
                None => Next::End(Code::Error),
            },
            // S1 counts rings and is not for the host to set.
            Command::RegisterSet { number, value } if number != 1 && self.settings.set_register(number, value) => {
                Next::Go
            }
            Command::RegisterSet { .. } => Next::End(Code::Error),
            Command::Dial(dial) => self.dial(dial),
            Command::Store { slot, number } => self.store(slot, number),
            Command::Extended { name, form } => self.extended(&name, form),
        }
    }

    fn ignored(&self, prefix: u8, letter: u8, value: u32) -> Next {
        let taken = self.profile.ignored.iter().any(|&(p, l, max)| (p, l) == (prefix, letter) && value <= max);
        if taken { Next::Go } else { Next::End(Code::Error) }
    }

    fn basic(&mut self, letter: u8, value: Option<u32>) -> Next {
        let value = value.unwrap_or(0);
        let s = &mut self.settings;
        match (letter, value) {
            (b'A', 0) => {
                // Nothing on the line after A is carried out (V.250 6.3.5).
                self.line.clear();
                return self.answer();
            }
            (b'E', 0 | 1) => s.echo = value == 1,
            (b'Q', 0 | 1) => s.quiet = value == 1,
            (b'V', 0 | 1) => s.verbose = value == 1,
            (b'X', 0..=4) => s.progress = value as u8,
            (b'T', 0) => s.pulse = false,
            (b'P', 0) => s.pulse = true,
            (b'H', 0) => self.release(),
            (b'H', 1) => {
                if !self.off_hook {
                    self.state = State::Seize(self.may_seize(), Code::Ok);
                    return Next::Wait;
                }
            }
            (b'I', n) => {
                let text = usize::try_from(n).ok().and_then(|n| self.profile.information.get(n));
                match text {
                    Some(&"") => {}
                    Some(text) => return self.say(text),
                    None => return Next::End(Code::Error),
                }
            }
            (b'O', 0 | 1) => {
                if self.class != 0 {
                    return Next::End(Code::Error);
                }
                if !self.looped {
                    return Next::End(Code::NoCarrier);
                }
                return self.enter_data();
            }
            (b'Z', 0 | 1) => self.reset(),
            (letter, value) => return self.ignored(0, letter, value),
        }
        Next::Go
    }

    /// Z: hangs up and recalls the stored settings.
    pub(super) fn reset(&mut self) {
        self.release();
        self.settings = self.stored;
        if self.profile.forgets_caller_id {
            self.settings.caller_id = 0;
        }
        self.voice = VoiceSettings::new();
        self.class = 0;
        self.dtmf_events = true;
    }

    fn ampersand(&mut self, letter: u8, value: Option<u32>) -> Next {
        let value = value.unwrap_or(0);
        let s = &mut self.settings;
        match (letter, value) {
            (b'C', 0 | 1) => s.carrier = value as u8,
            (b'D', 0..=3) => s.dtr = value as u8,
            (b'K', 0..=6) => {
                s.flow = value as u8;
                match value {
                    0 => s.flow_control = [0, 0],
                    3 => s.flow_control = [2, 2],
                    4 => s.flow_control = [1, 1],
                    _ => {}
                }
            }
            (b'F', 0 | 1) => {
                self.settings = Settings::factory(self.country);
                self.voice = VoiceSettings::new();
                self.set_class(0);
            }
            (b'V', 0 | 1) => return self.view(),
            (b'W', 0 | 1) => self.stored = self.settings,
            (b'T', 0) => self.looped = false,
            (b'T', 1) if self.class == 0 && !self.off_hook => {
                self.looped = true;
                self.line.clear();
                return self.enter_data();
            }
            (letter, value) => return self.ignored(b'&', letter, value),
        }
        Next::Go
    }

    fn enter_data(&mut self) -> Next {
        self.line.clear();
        self.state = State::Data(Escape::new(self.now));
        self.output.result(&self.settings, Code::Connect);
        Next::Wait
    }

    /// &V: what is set.
    fn view(&mut self) -> Next {
        let s = &self.settings;
        let flag = u8::from;
        let mut lines = vec![
            format!(
                "E{} Q{} V{} X{} {} &C{} &D{} &K{}",
                flag(s.echo),
                flag(s.quiet),
                flag(s.verbose),
                s.progress,
                if s.pulse { 'P' } else { 'T' },
                s.carrier,
                s.dtr,
                s.flow
            ),
            format!("+FCLASS={} +VCID={} +GCI={:02X}", self.class, s.caller_id, s.country),
        ];
        let registers: Vec<String> = s.registers().map(|(n, value)| format!("S{n:02}:{value:03}")).collect();
        lines.extend(registers.chunks(8).map(|row| row.join(" ")));
        self.output.text(&self.settings, lines);
        Next::Go
    }

    /// A, or automatic answer.
    pub(super) fn answer(&mut self) -> Next {
        let at = self.may_seize();
        if self.class == 8 {
            self.route = 1;
            let code = if self.profile.reports_progress { Code::Vcon } else { Code::Ok };
            self.in_call = true;
            if self.off_hook {
                return Next::End(code);
            }
            self.state = State::Seize(at, code);
        } else {
            self.seize();
            self.state = State::Answer(Box::new(Answerer::new(self.now)), self.now);
        }
        Next::Wait
    }

    fn store(&mut self, slot: u32, number: DialString<'_>) -> Next {
        // A number that stores another would never end.
        let stores = number.elements().any(|e| matches!(e, DialElement::Stored(_) | DialElement::Redial));
        let text: ArrayVec<u8, { super::NUMBER_MAX }> = number.text().iter().copied().take(super::NUMBER_MAX).collect();
        let place = usize::try_from(slot).ok().and_then(|n| self.book.get_mut(n));
        match place {
            Some(place) if !stores && text.len() == number.text().len() => {
                *place = text;
                Next::Go
            }
            _ => Next::End(Code::Error),
        }
    }

    fn dial(&mut self, dial: DialString<'_>) -> Next {
        if self.profile.explicit_dial && !matches!(dial.elements().next(), Some(DialElement::Tone | DialElement::Pulse))
        {
            return Next::End(Code::Busy);
        }
        let mut elements: ArrayVec<DialElement, MAX_ELEMENTS> = ArrayVec::new();
        for element in dial.elements() {
            let fits = match element {
                DialElement::Redial => elements.try_extend_from_slice(&self.last_number).is_ok(),
                DialElement::Stored(n) => {
                    let Some(number) = usize::try_from(n).ok().filter(|n| *n < BOOK).and_then(|n| self.book.get(n))
                    else {
                        return Next::End(Code::Error);
                    };
                    DialString::new(number).elements().all(|e| elements.try_push(e).is_ok())
                }
                element => elements.try_push(element).is_ok(),
            };
            if !fits {
                return Next::End(Code::Error);
            }
        }
        if elements.iter().any(|e| matches!(e, DialElement::Digit(_))) {
            self.last_number.clone_from(&elements);
        }
        let after = match (dial.semicolon(), self.class) {
            (true, _) => After::Return,
            (false, 8) if self.profile.reports_progress => After::Voice,
            (false, 8) => After::Return,
            (false, _) => After::Data,
        };
        let order = Order { elements, after, connected: self.in_call, not_before: self.may_seize() };
        let dialer = Dialer::new(order, &self.settings, self.country, self.now);
        self.seize();
        if self.class == 8 {
            self.route = 1;
        }
        self.state = State::Dial(Box::new(dialer), self.now);
        Next::Wait
    }

    fn extended(&mut self, name: &str, form: Form<'_>) -> Next {
        // The identification commands only execute; their test form says that they exist (V.250 5.4.4.3).
        let text = match name {
            "+GMI" | "+FMI" => Some(self.profile.manufacturer),
            "+GMM" | "+FMM" => Some(self.profile.model),
            "+GMR" | "+FMR" => Some(self.profile.revision),
            "+GSN" => Some(self.profile.serial),
            _ => None,
        };
        if text.is_some_and(str::is_empty) {
            return Next::End(Code::Error);
        }
        if let Some(text) = text {
            return match form {
                Form::Execute => self.say(text),
                Form::Read if name.starts_with("+F") => self.say(text),
                Form::Test => Next::Go,
                _ => Next::End(Code::Error),
            };
        }
        match name {
            "+GCAP" => match form {
                Form::Execute => self.say(&format!("+GCAP: {}", self.profile.capabilities)),
                Form::Test => Next::Go,
                _ => Next::End(Code::Error),
            },
            "+GCI" => match form {
                Form::Test => self.say("+GCI: (00-FF)"),
                Form::Read => self.say(&format!("+GCI: {:02X}", self.settings.country)),
                Form::Set(list) => {
                    let mut all = list.iter();
                    match (all.next().map(|p| p.hex()), all.next()) {
                        (Some(Ok(Some(code))), None) if code <= 0xff => {
                            self.settings.country = code as u8;
                            Next::Go
                        }
                        _ => Next::End(Code::Error),
                    }
                }
                Form::Execute => Next::End(Code::Error),
            },
            "+IPR" => {
                let allowed: Vec<String> = RATES.iter().map(u32::to_string).collect();
                let allowed = format!("({}),()", allowed.join(","));
                let read = self.settings.rate.to_string();
                self.answer_named(name, form, &allowed, &read, |m, v| match v.only() {
                    Some(Some(rate)) if RATES.contains(&rate) => {
                        m.settings.rate = rate;
                        true
                    }
                    Some(None) => true,
                    _ => false,
                })
            }
            "+ICF" => {
                let [format, parity] = self.settings.framing;
                self.answer_named(name, form, "(0-6),(0-3)", &format!("{format},{parity}"), |m, v| {
                    v.two(0..=6, 0..=3, &mut m.settings.framing)
                })
            }
            "+IFC" => {
                let [host, modem] = self.settings.flow_control;
                self.answer_named(name, form, "(0-2),(0-2)", &format!("{host},{modem}"), |m, v| {
                    v.two(0..=2, 0..=2, &mut m.settings.flow_control)
                })
            }
            "+ILRR" => {
                let read = u8::from(self.settings.report_rate).to_string();
                self.answer_named(name, form, "(0,1)", &read, |m, v| {
                    let mut flag = u8::from(m.settings.report_rate);
                    let fits = v.one(0..=1, &mut flag);
                    m.settings.report_rate = flag == 1;
                    fits
                })
            }
            "+FCLASS" => self.class_command(form),
            name if name.starts_with('#') && self.profile.dialect == Dialect::Rockwell => {
                self.rockwell_command(name, form)
            }
            name if name.starts_with("+V") && self.profile.dialect == Dialect::Rockwell => Next::End(Code::Error),
            name if self.profile.vendor.iter().any(|(known, _)| *known == name) => self.vendor_command(name, form),
            "+VCID" | "+VRID" | "+VDR" if self.profile.identifies => self.caller_command(name, form),
            name if name.starts_with("+V") || name == "+FLO" => self.voice_command(name, form),
            _ => Next::End(Code::Error),
        }
    }

    /// A command of the maker's that does nothing here.
    fn vendor_command(&mut self, name: &str, form: Form<'_>) -> Next {
        let greatest =
            self.profile.vendor.iter().find(|(known, _)| *known == name).map_or(0, |(_, greatest)| *greatest);
        match form {
            Form::Set(list) => match list.iter().next().map(|p| p.number()) {
                Some(Ok(value)) if value.unwrap_or(0) <= greatest => {
                    if (name, value) == ("-SCID", Some(1)) {
                        self.settings.caller_id = 1;
                    }
                    Next::Go
                }
                _ => Next::End(Code::Error),
            },
            Form::Test => self.say(&format!("(0-{greatest})")),
            Form::Read => self.say("0"),
            Form::Execute => Next::Go,
        }
    }

    fn class_command(&mut self, form: Form<'_>) -> Next {
        // Where the voice class has a command of its own this one does not know it.
        let own = self.profile.dialect == Dialect::Rockwell;
        let classes = self.profile.classes.iter().copied().filter(|c| !own || *c != 8);
        match form {
            Form::Test => {
                let classes: Vec<String> = classes.map(|c| c.to_string()).collect();
                self.say(&classes.join(","))
            }
            Form::Read => self.say(&self.class.to_string()),
            Form::Set(list) => {
                // `8.0` is another way to write 8.
                let text = list.raw().strip_suffix(b".0").unwrap_or(list.raw());
                let class = { classes }.find(|c| c.to_string().as_bytes() == text);
                match class {
                    Some(class) => {
                        self.set_class(class);
                        Next::Go
                    }
                    None => Next::End(Code::Error),
                }
            }
            Form::Execute => Next::End(Code::Error),
        }
    }
}
