//! The host's operations: the bits that announce each, and how it is asked for.

use super::*;
use loopstart_signal::{DigitMode, OutTone, ToneKind, WatchedTone};

/// Operations on a call with the bits that announce them.
const OPERATIONS: &[(CallFeatures, CallFeatures2, &str)] = {
    use {CallFeatures as F, CallFeatures2 as F2};
    let none = F2::empty();
    &[
        (F::ACCEPT, none, "accept"),
        (F::ANSWER, none, "answer"),
        (F::REDIRECT, none, "redirect"),
        (F::DROP, none, "drop"),
        (F::DIAL, none, "dial"),
        (F::HOLD, none, "hold"),
        (F::UNHOLD, none, "unhold"),
        (F::SWAP_HOLD, none, "swap"),
        (F::SETUP_TRANSFER, none, "consult"),
        (F::SETUP_TRANSFER, F2::ONE_STEP_TRANSFER, "one step"),
        (F::COMPLETE_TRANSFER, F2::TRANSFER_NORMAL, "complete"),
        (F::COMPLETE_TRANSFER, F2::TRANSFER_CONFERENCE, "complete conf"),
        (F::BLIND_TRANSFER, none, "blind"),
        (F::SETUP_CONFERENCE, none, "setup conf"),
        (F::PREPARE_ADD_TO_CONFERENCE, none, "prepare"),
        (F::ADD_TO_CONFERENCE, none, "add"),
        (F::REMOVE_FROM_CONFERENCE, none, "remove"),
        (F::PARK, F2::PARK_NONDIRECTED, "park"),
        (F::PARK, F2::PARK_DIRECTED, "park at"),
        (F::COMPLETE_CALL, F2::COMPLETION_CALL_BACK, "call back"),
        (F::SECURE_CALL, none, "secure"),
        (F::SET_CALL_PARAMS, none, "params"),
        (F::SET_CALL_DATA, none, "data"),
        (F::SET_TERMINAL, none, "terminal"),
        (F::SET_MEDIA_CONTROL, none, "media control"),
        (F::GENERATE_DIGITS, none, "send digits"),
        (F::GENERATE_TONE, none, "send tone"),
        (F::GATHER_DIGITS, none, "gather digits"),
        (F::MONITOR_DIGITS, none, "monitor digits"),
        (F::MONITOR_TONES, none, "monitor tones"),
        (F::MONITOR_MEDIA, none, "monitor media"),
    ]
};

/// Those that leave the calls as they are.
const MEDIA: &[&str] = &[
    "params",
    "data",
    "terminal",
    "media control",
    "send digits",
    "send tone",
    "gather digits",
    "monitor digits",
    "monitor tones",
    "monitor media",
];

/// Operations on the line, and on its address.
const OF_ADDRESS: &[(AddressFeatures, &str)] = {
    use AddressFeatures as A;
    &[
        (A::MAKE_CALL, "make"),
        (A::SETUP_CONFERENCE, "setup conf"),
        (A::FORWARD_FORWARD, "forward"),
        (A::FORWARD_DO_NOT_DISTURB, "do not disturb"),
        (A::FORWARD, "forward nothing"),
        (A::PICKUP_GROUP, "pick up group"),
        (A::PICKUP_DIRECT, "pick up"),
        (A::PICKUP_WAITING, "pick up waiting"),
        (A::UNPARK, "unpark"),
        (A::UNCOMPLETE_CALL, "uncomplete"),
        (A::SET_MEDIA_CONTROL, "media control"),
        (A::SET_TERMINAL, "terminal"),
    ]
};

/// Whether an operation leaves the calls as they are.
pub(super) fn is_media(operation: &str) -> bool {
    MEDIA.contains(&operation)
}

/// The operations that a call announces.
fn operations(status: &CallStatus) -> impl Iterator<Item = &'static str> {
    let (features, features2) = (status.features, status.features2);
    let there = move |(bit, bit2, _): &&(CallFeatures, CallFeatures2, &'static str)| {
        features.contains(*bit) && features2.contains(*bit2)
    };
    OPERATIONS.iter().filter(there).map(|(_, _, name)| *name)
}

impl World {
    /// The operations that the address of the line announces, which the line announces too.
    fn line_operations(&self) -> impl Iterator<Item = &'static str> {
        use {AddressFeatures as A, LineFeatures as L};
        let line = self.provider.line_status(self.line).unwrap().features;
        let address = self.provider.address_status(self.line, 0).unwrap().features;
        for (of_line, of_address) in [
            (L::MAKE_CALL, A::MAKE_CALL),
            (L::FORWARD, A::FORWARD),
            (L::FORWARD_FORWARD, A::FORWARD_FORWARD),
            (L::FORWARD_DO_NOT_DISTURB, A::FORWARD_DO_NOT_DISTURB),
            (L::SET_MEDIA_CONTROL, A::SET_MEDIA_CONTROL),
            (L::SET_TERMINAL, A::SET_TERMINAL),
        ] {
            assert_eq!(line.contains(of_line), address.contains(of_address), "{of_line:?}");
        }
        OF_ADDRESS.iter().filter(move |(bit, _)| address.contains(*bit)).map(|(_, name)| *name)
    }

    /// Everything that is announced at present, and by what.
    pub(super) fn announced(&mut self) -> Vec<(Cell, Option<CallHandle>)> {
        let of_line = |operation| (Cell { state: 0, operation }, None);
        let mut all: Vec<_> = self.line_operations().map(of_line).collect();
        for (call, known) in self.calls.iter().filter(|(_, k)| k.valid) {
            let state = known.state.map_or(0, CallState::bit);
            let status = self.provider.call_status(*call).unwrap();
            all.extend(operations(&status).map(|operation| (Cell { state, operation }, Some(*call))));
        }
        // What takes two calls is there when both are.
        all.retain(|(cell, call)| {
            let two = matches!(cell.operation, "swap" | "complete" | "complete conf" | "add");
            call.is_none_or(|call| !two || !self.partners(call, cell.operation).is_empty())
        });
        for (cell, _) in &all {
            self.tally.announce(*cell);
        }
        all
    }

    /// Sends a command; counts it by the states of the calls that it names, the first of which owns it.
    fn ask(
        &mut self,
        name: &'static str,
        of: &[CallHandle],
        command: impl FnOnce(RequestId) -> Command,
    ) -> Option<Reply> {
        self.next += 1;
        let request = RequestId(self.next);
        let mut cells: Vec<_> = of.iter().map(|call| Cell { state: self.state_of(*call), operation: name }).collect();
        if of.is_empty() {
            cells.push(Cell { state: 0, operation: name });
        }
        cells.dedup();
        self.note_asked(name, of);
        self.tally.tried += 1;
        let status = of.first().map(|call| self.provider.call_status(*call).unwrap());
        let announced = match &status {
            Some(status) => operations(status).any(|operation| operation == name),
            None => self.line_operations().any(|operation| operation == name),
        };
        let command = command(request);
        let at_once = matches!(
            command,
            Command::GenerateDigits { .. }
                | Command::GenerateTone { .. }
                | Command::GatherDigits { .. }
                | Command::MonitorDigits { .. }
                | Command::MonitorTones { .. }
                | Command::MonitorMedia { .. }
                | Command::SetMediaControl { .. }
        );
        match self.provider.handle(Input::Command(command), self.now) {
            Ok(reply) => {
                self.tally.accepted += 1;
                for cell in cells {
                    self.tally.enter(cell);
                }
                if !announced {
                    self.fail(&format!("{name} was accepted without its feature bit: {status:?}"));
                }
                let owner = match reply {
                    Reply::Call(call) => Some(call),
                    Reply::Conference { consultation, .. } => Some(consultation),
                    _ => of.first().copied(),
                };
                if !at_once {
                    self.await_completion(request, owner);
                }
                if let Reply::Completion(id) = reply {
                    self.completing.insert(request, id);
                }
                Some(reply)
            }
            Err(error) => {
                // With the right partner it would have been accepted.
                let alone = !matches!(name, "swap" | "complete" | "complete conf" | "add");
                let full = matches!(error, LineErr::RESOURCEUNAVAIL | LineErr::COMPLETIONOVERRUN);
                // The exchange forgets completions.
                let gone = name == "uncomplete" && error == LineErr::INVALCOMPLETIONID;
                if announced && alone && !full && !gone {
                    self.fail(&format!("{name} was announced and refused: {error:?}"));
                }
                None
            }
        }
    }

    fn host(&mut self) -> HostCall {
        self.next += 1;
        HostCall(self.next as usize)
    }

    /// A number of somebody new: the last digit decides what becomes of the call.
    pub(super) fn number(&mut self, kind: Option<char>) -> String {
        self.parties += 1;
        let kind = kind.unwrap_or(['3', '4', '5', '6', '1', '2', '7'][self.random.next(7)]);
        format!("5{:05}{kind}", self.parties % 100_000)
    }

    /// Whether a number is awaited for this call.
    pub(super) fn is_blank(&self, call: CallHandle) -> bool {
        self.calls.get(&call).is_some_and(|known| {
            known.number.is_empty() && matches!(known.state, Some(CallState::DialTone(_) | CallState::Dialing))
        })
    }

    /// Who could be the other call of an operation on this one: who announces it too, held if this one is not.
    fn partners(&self, call: CallHandle, operation: &str) -> Vec<CallHandle> {
        let is_held = |call: &CallHandle| self.calls.get(call).and_then(|k| k.state).is_some_and(CallState::is_held);
        let announces = |call: &CallHandle| {
            let status = self.provider.call_status(*call);
            status.is_ok_and(|status| operations(&status).any(|o| o == operation))
        };
        let others = self.calls.iter().filter(|(h, k)| **h != call && k.valid).map(|(h, _)| *h);
        others.filter(|h| is_held(h) != is_held(&call) && announces(h)).collect()
    }

    /// Two calls of which one is to be held, whichever of them was chosen.
    fn pair(&mut self, call: CallHandle, operation: &str) -> Option<(CallHandle, CallHandle)> {
        let partners = self.partners(call, operation);
        let other = match self.random.one(&partners) {
            Some(other) => other,
            // Somebody, in vain.
            None => {
                let any: Vec<_> = self.in_state(|_| true).into_iter().filter(|h| *h != call).collect();
                self.random.one(&any)?
            }
        };
        let is_held = self.calls.get(&call).and_then(|k| k.state).is_some_and(CallState::is_held);
        Some(if is_held { (call, other) } else { (other, call) })
    }

    pub(super) fn perform(&mut self, operation: &'static str, call: Option<CallHandle>) {
        match call {
            Some(call) if is_media(operation) => self.wish(operation, call),
            Some(call) => self.perform_on(operation, call),
            None => self.perform_on_line(operation),
        }
        self.drain();
    }

    fn perform_on(&mut self, operation: &'static str, call: CallHandle) {
        let of = [call];
        let params = CallParams::default();
        match operation {
            "accept" => drop(self.ask(operation, &of, |request| Command::Accept { request, call })),
            "answer" => drop(self.ask(operation, &of, |request| Command::Answer { request, call })),
            "drop" => drop(self.ask(operation, &of, |request| Command::Drop { request, call })),
            "hold" => drop(self.ask(operation, &of, |request| Command::Hold { request, call })),
            "unhold" => drop(self.ask(operation, &of, |request| Command::Unhold { request, call })),
            "remove" => drop(self.ask(operation, &of, |request| Command::RemoveFromConference { request, call })),
            "secure" => drop(self.ask(operation, &of, |request| Command::SecureCall { request, call })),
            "call back" => {
                let (mode, message) = (2, 0);
                self.ask(operation, &of, |request| Command::CompleteCall { request, call, mode, message });
            }
            "close" => self.close(call),
            "dial" => self.dial(call, None),
            "redirect" => {
                let address = Address(FORWARDED_TO.to_string());
                self.ask(operation, &of, |request| Command::Redirect { request, call, address, country: 0 });
            }
            "blind" => {
                // To somebody who is free.
                let address = Address(self.number(Some('3')));
                self.ask(operation, &of, |request| Command::BlindTransfer { request, call, address, country: 0 });
            }
            "park" => drop(self.ask(operation, &of, |request| Command::Park { request, call, at: None })),
            "park at" => {
                let at = Some(Address(PLACE.to_string()));
                self.ask(operation, &of, |request| Command::Park { request, call, at });
            }
            "swap" => {
                let Some((held, active)) = self.pair(call, operation) else { return };
                self.ask(operation, &[active, held], |request| Command::SwapHold { request, active, held });
            }
            "add" => {
                let Some((conference, call)) = self.pair(call, operation) else { return };
                let of = [call, conference];
                self.ask(operation, &of, |request| Command::AddToConference { request, conference, call });
            }
            "complete" => {
                let Some((call, consultation)) = self.pair(call, operation) else { return };
                let mode = TransferMode::Transfer;
                let of = [call, consultation];
                self.ask(operation, &of, |request| Command::CompleteTransfer { request, call, consultation, mode });
            }
            "complete conf" => {
                let Some((call, consultation)) = self.pair(call, operation) else { return };
                let host = self.host();
                let mode = TransferMode::Conference { host };
                let of = [call, consultation];
                let made =
                    self.ask(operation, &of, |request| Command::CompleteTransfer { request, call, consultation, mode });
                if let Some(Reply::Call(parent)) = made {
                    self.know(parent, host, "");
                }
            }
            "consult" => {
                let host = self.host();
                let made = self.ask(operation, &of, |request| Command::SetupTransfer { request, call, host, params });
                if let Some(Reply::Call(call)) = made {
                    self.know(call, host, "");
                }
            }
            "one step" => {
                let (host, number) = (self.host(), self.number(None));
                let target = Some(Address(number.clone()));
                let params = CallParams { flags: CallParamFlags::ONE_STEP_TRANSFER, target, ..params };
                let made = self.ask(operation, &of, |request| Command::SetupTransfer { request, call, host, params });
                if let Some(Reply::Call(call)) = made {
                    self.know(call, host, &number);
                }
            }
            "prepare" => {
                let host = self.host();
                let conference = call;
                let made = self.ask(operation, &of, |request| Command::PrepareAddToConference {
                    request,
                    conference,
                    host,
                    params,
                });
                if let Some(Reply::Call(call)) = made {
                    self.know(call, host, "");
                }
            }
            "setup conf" => self.setup_conference(Some(call)),
            other => unreachable!("{other}"),
        }
    }

    fn perform_on_line(&mut self, operation: &'static str) {
        let (line, host) = (self.line, self.host());
        match operation {
            "make" => self.make(None),
            "setup conf" => self.setup_conference(None),
            "forward" => {
                // The first way that there is.
                let modes = self.provider.address_caps(DEVICE, 0).unwrap().forward_modes;
                let destination = Some(Address(FORWARDED_TO.to_string()));
                let mode = modes & modes.wrapping_neg();
                self.forward(operation, vec![ForwardEntry { mode, caller: None, destination, country: 0 }]);
            }
            "do not disturb" => {
                self.forward(operation, vec![ForwardEntry { mode: 1, caller: None, destination: None, country: 0 }]);
            }
            "forward nothing" => self.forward(operation, vec![]),
            // Only a person hears that nobody waits; then the flash is a recall, of which the provider knows nothing.
            "pick up waiting" if self.board.look().waiting.is_none() => {}
            "pick up group" | "pick up" | "pick up waiting" => {
                let address = (operation == "pick up").then(|| Address(RINGS_AT.to_string()));
                let group = (operation == "pick up group").then(|| Address(String::new()));
                let made = self.ask(operation, &[], |request| Command::Pickup {
                    request,
                    line,
                    address_id: 0,
                    host,
                    address,
                    group,
                });
                if let Some(Reply::Call(call)) = made {
                    self.know(call, host, "");
                }
            }
            "unpark" => {
                let at = Address(PLACE.to_string());
                let made =
                    self.ask(operation, &[], |request| Command::Unpark { request, line, address_id: 0, host, at });
                if let Some(Reply::Call(call)) = made {
                    self.know(call, host, "");
                }
            }
            "uncomplete" => {
                let completion = self.completions.last().copied().unwrap_or(0);
                self.ask(operation, &[], |request| Command::UncompleteCall { request, line, completion });
            }
            "media control" => {
                let scope = if self.random.next(2) == 0 { Scope::Line(line) } else { Scope::Address(line, 0) };
                let control = self.control();
                self.ask(operation, &[], |_| Command::SetMediaControl { scope, control });
            }
            "terminal" => {
                let scope = if self.random.next(2) == 0 { Scope::Line(line) } else { Scope::Address(line, 0) };
                let enable = self.random.next(2) == 0;
                self.ask(operation, &[], |request| Command::SetTerminal {
                    request,
                    scope,
                    modes: 0x40,
                    terminal: 1,
                    enable,
                });
            }
            other => unreachable!("{other}"),
        }
    }

    fn forward(&mut self, operation: &'static str, list: Vec<ForwardEntry>) {
        let line = self.line;
        let address_id = Some(0);
        self.ask(operation, &[], |request| Command::Forward { request, line, address_id, list, rings: 0 });
    }

    fn control(&mut self) -> MediaControl {
        // Now and then it is taken back.
        let digits = if self.random.next(4) == 0 { vec![] } else { vec![(b'9', DigitModes::DTMF, 1)] };
        MediaControl { digits, ..MediaControl::default() }
    }

    /// What the host wants of a call and its media.
    fn wish(&mut self, operation: &'static str, call: CallHandle) {
        let of = [call];
        let end_to_end = self.next;
        match operation {
            "params" => {
                self.ask(operation, &of, |request| Command::SetCallParams {
                    request,
                    call,
                    bearer_mode: 1,
                    min_rate: 0,
                    max_rate: 0,
                    dial: Some(DialParams::default()),
                });
            }
            "data" => {
                self.ask(operation, &of, |request| Command::SetCallData { request, call, data: vec![7; 9] });
            }
            "terminal" => {
                let enable = self.random.next(2) == 0;
                self.ask(operation, &of, |request| Command::SetTerminal {
                    request,
                    scope: Scope::Call(call),
                    modes: 0x40,
                    terminal: 1,
                    enable,
                });
            }
            "media control" => {
                // To take it back is no operation that needs the bit.
                let control = MediaControl { digits: vec![(b'8', DigitModes::DTMF, 1)], ..MediaControl::default() };
                self.ask(operation, &of, |_| Command::SetMediaControl { scope: Scope::Call(call), control });
            }
            "send digits" => {
                let digits = Some(Address("12".to_string()));
                let (mode, duration) = (DigitMode::Dtmf, Duration::ZERO);
                self.ask(operation, &of, |_| Command::GenerateDigits { call, end_to_end, mode, digits, duration });
            }
            "send tone" => {
                let tone = Some(OutTone { tone: ToneKind::Beep, duration: Some(Duration::from_millis(300)) });
                self.ask(operation, &of, |_| Command::GenerateTone { call, end_to_end, tone });
            }
            "gather digits" => {
                let gather = Some(GatherRequest {
                    modes: DigitModes::DTMF,
                    count: 4,
                    termination: b"#".to_vec(),
                    first_timeout: Duration::from_secs(5),
                    inter_timeout: Duration::from_secs(2),
                });
                self.ask(operation, &of, |_| Command::GatherDigits { call, end_to_end, gather });
            }
            "monitor digits" => {
                let modes = DigitModes::DTMF;
                self.ask(operation, &of, |_| Command::MonitorDigits { call, modes });
            }
            "monitor tones" => {
                let tones = Some(vec![(WatchedTone { hz: [1_400, 0, 0], duration_ms: 100 }, 1)]);
                self.ask(operation, &of, |_| Command::MonitorTones { call, list: 1, tones });
            }
            "monitor media" => {
                let modes = MediaModes::G3_FAX;
                self.ask(operation, &of, |_| Command::MonitorMedia { call, modes });
            }
            other => unreachable!("{other}"),
        }
    }

    /// Makes a call, to a party of this kind or to any. Now and then without a number: it ends at the dial tone.
    pub(super) fn make(&mut self, kind: Option<char>) {
        let (host, number, line) = (self.host(), self.number(kind), self.line);
        let address = (kind.is_some() || self.random.next(4) != 0).then(|| Address(number.clone()));
        let number = if address.is_some() { number } else { String::new() };
        self.make_to(host, address, &number, line);
    }

    /// Only goes off hook.
    pub(super) fn make_blank(&mut self) {
        let (host, line) = (self.host(), self.line);
        self.make_to(host, None, "", line);
    }

    fn make_to(&mut self, host: HostCall, address: Option<Address>, number: &str, line: LineHandle) {
        let params = CallParams::default();
        let made =
            self.ask("make", &[], |request| Command::MakeCall { request, line, host, address, country: 0, params });
        if let Some(Reply::Call(call)) = made {
            self.know(call, host, number);
        }
    }

    /// A conference that begins with this call, or with nobody.
    fn setup_conference(&mut self, call: Option<CallHandle>) {
        let (host_conference, host_consultation, line) = (self.host(), self.host(), self.line);
        let of: Vec<_> = call.into_iter().collect();
        let made = self.ask("setup conf", &of, |request| Command::SetupConference {
            request,
            call,
            line: call.is_none().then_some(line),
            host_conference,
            host_consultation,
            parties: 3,
            params: CallParams::default(),
        });
        if let Some(Reply::Conference { conference, consultation }) = made {
            self.know(conference, host_conference, "");
            self.know(consultation, host_consultation, "");
        }
    }

    /// Whoever has no number yet is given one; to others a digit more says nothing.
    pub(super) fn dial(&mut self, call: CallHandle, kind: Option<char>) {
        let blank = self.is_blank(call);
        let number = if blank { self.number(kind) } else { "7".to_string() };
        let address = Address(number.clone());
        let said = self.ask("dial", &[call], |request| Command::Dial { request, call, address, country: 0 });
        if said.is_some()
            && blank
            && let Some(known) = self.calls.get_mut(&call)
        {
            known.number = number;
        }
    }
}
