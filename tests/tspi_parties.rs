//! Several calls on one line, and the services of the exchange, as a host in C has them: handles are there before the request
//! completes, members know their conference, answers are in the host's memory. What a line does not announce it refuses.

#[path = "common/c_host.rs"]
mod c_host;

use c_host::{CLibrary, TOLD, Told, VERSION, address, event_pointer, wait, wide};
use loopstart::provider::LineErr;
use loopstart::signal::plan::Plan;
use loopstart::tspi::consts::*;
use loopstart::tspi::types::*;
use std::mem::offset_of;
use std::sync::PoisonError;

/// A number of the emulated exchange that answers and stays.
const ANSWERS: &str = "5550120";
/// One that is busy.
const BUSY: &str = "5550121";
/// One that answers with a reversal of polarity.
const REVERSES: &str = "5550131";

struct Host {
    library: CLibrary,
    line: usize,
    /// The host's number of the next call.
    next: usize,
    /// What to dial before a number outside.
    access: String,
    /// `LINECALLFEATURE_` and `LINEADDRFEATURE_` bits that the line announces.
    features: (u32, u32),
}

/// A call: ours, and the provider's handle.
#[derive(Clone, Copy, Debug)]
struct Call {
    host: usize,
    driver: usize,
}

fn structure<const N: usize>() -> [u32; N] {
    let mut block = [0; N];
    block[0] = 4 * N as u32;
    block
}

/// The text of a pair in a structure, without its NUL.
fn text(block: &[u32], pair: usize) -> String {
    let bytes: Vec<u8> = block.iter().flat_map(|w| w.to_ne_bytes()).collect();
    let (size, offset) = (block[pair / 4] as usize, block[pair / 4 + 1] as usize);
    let units: Vec<u16> =
        bytes[offset..offset + size].as_chunks::<2>().0.iter().map(|b| u16::from_ne_bytes(*b)).collect();
    String::from_utf16(&units).expect("UTF-16").trim_end_matches('\0').to_owned()
}

impl Host {
    fn start(plan: &str) -> Self {
        let library = CLibrary::start("emulated:1", &format!("speed=20,services=all,plan={plan}"));
        let mut line = 0_usize;
        library.ok("TSPI_lineOpen", &[0, 7, address(&mut line), VERSION, event_pointer()]);
        library.ok("TSPI_lineSetStatusMessages", &[line, 0x1ff_ffff, 0x1ff]);
        library.wait_idle(line);
        let mut caps = structure::<512>();
        library.ok("TSPI_lineGetAddressCaps", &[0, 0, VERSION, 0, address(&mut caps)]);
        let of = |offset: usize| caps[offset / 4];
        let features =
            (of(offset_of!(LINEADDRESSCAPS, dwCallFeatures)), of(offset_of!(LINEADDRESSCAPS, dwAddressFeatures)));
        let access = Plan::named(plan)
            .expect("a plan")
            .access
            .clone()
            .map_or(String::new(), |access| access.prefix + if access.second_dial_tone { "W" } else { "" });
        Self { library, line, next: 1000, access, features }
    }

    /// A number of the exchange, as it is dialled from here.
    fn number(&self, number: &str) -> Vec<u8> {
        wide(&format!("{}{number}", self.access))
    }

    fn new_call(&mut self) -> Call {
        self.next += 1;
        Call { host: self.next, driver: 0 }
    }

    fn make_call(&mut self, number: &str) -> Call {
        let (mut call, mut number) = (self.new_call(), self.number(number));
        let arguments = [self.line, call.host, address(&mut call.driver), address(&mut number[..]), 0, 0];
        self.library.done("TSPI_lineMakeCall", &arguments);
        call
    }

    /// Waits until a call was last told in a state.
    fn reaches(&self, call: Call, state: u32) {
        wait(&format!("state {state:#x} of call {}", call.host), |t| {
            let mut states = t.events.iter().filter(|e| e.1 == call.host && e.2 == LINE_CALLSTATE);
            (states.next_back()?.3 == state as usize).then_some(())
        });
        assert_eq!(self.library.state(call.driver), state);
    }

    fn info(&self, call: Call, offset: usize) -> u32 {
        let mut info = structure::<512>();
        self.library.ok("TSPI_lineGetCallInfo", &[call.driver, address(&mut info)]);
        info[offset / 4]
    }

    fn end(&mut self, calls: &[Call]) {
        for call in calls {
            if self.library.state(call.driver) != LINECALLSTATE_IDLE {
                self.library.done("TSPI_lineDrop", &[call.driver, 0, 0]);
            }
        }
        for call in calls {
            self.library.ok("TSPI_lineCloseCall", &[call.driver]);
        }
        self.library.wait_idle(self.line);
    }

    /// Whether calls can do this; when not, the operation says so.
    fn can(&mut self, feature: u32, name: &str, arguments: &[usize]) -> bool {
        let can = self.features.0 & feature != 0;
        if !can {
            assert_eq!(self.library.ask(name, arguments), Err(LineErr::OPERATIONUNAVAIL), "{name} is not announced");
        }
        can
    }

    /// What can be done with a call now: never more than the line announces.
    fn can_now(&self, call: Call, feature: u32) -> bool {
        let mut status = structure::<14>();
        self.library.ok("TSPI_lineGetCallStatus", &[call.driver, address(&mut status)]);
        let now = status[offset_of!(LINECALLSTATUS, dwCallFeatures) / 4];
        assert_eq!(now & !self.features.0, 0, "call {}", call.host);
        now & feature != 0
    }

    /// A consultation call, swapped with the first and made a conference of all three.
    fn conference(&mut self) {
        let first = self.make_call(ANSWERS);
        self.reaches(first, LINECALLSTATE_CONNECTED);
        let mut second = self.new_call();
        let setup = [first.driver, second.host, address(&mut second.driver), 0];
        assert!(
            self.can(LINECALLFEATURE_SETUPTRANSFER, "TSPI_lineSetupTransfer", &setup),
            "three-way calling is there"
        );
        let request = self.library.ask("TSPI_lineSetupTransfer", &setup).expect("accepted");
        assert_ne!(second.driver, 0, "the handle is there when the request is accepted");
        let result = wait("a consultation call", |t| t.completed.iter().find(|c| c.0 == request).map(|c| c.1));
        assert_eq!(result, 0, "{:?}", LineErr::from_code(result));
        self.reaches(first, LINECALLSTATE_ONHOLDPENDTRANSFER);
        self.reaches(second, LINECALLSTATE_DIALTONE);
        let call_id = offset_of!(LINECALLINFO, dwCallID);
        let related = offset_of!(LINECALLINFO, dwRelatedCallID);
        assert_eq!(self.info(second, related), self.info(first, call_id), "the two belong together");

        let mut number = self.number(REVERSES);
        self.library.done("TSPI_lineDial", &[second.driver, address(&mut number[..]), 0]);
        self.reaches(second, LINECALLSTATE_CONNECTED);
        if self.can_now(second, LINECALLFEATURE_SWAPHOLD) {
            self.library.done("TSPI_lineSwapHold", &[second.driver, first.driver]);
            self.reaches(first, LINECALLSTATE_CONNECTED);
            self.reaches(second, LINECALLSTATE_ONHOLDPENDTRANSFER);
            self.library.done("TSPI_lineSwapHold", &[first.driver, second.driver]);
            self.reaches(second, LINECALLSTATE_CONNECTED);
        }
        let mut all = self.new_call();
        for mode in [0, 3, 4] {
            let wrong = [first.driver, second.driver, all.host, address(&mut all.driver), mode];
            assert_eq!(self.library.ask("TSPI_lineCompleteTransfer", &wrong), Err(LineErr::INVALTRANSFERMODE));
        }
        assert_eq!(
            self.library.ask("TSPI_lineCompleteTransfer", &[first.driver, second.driver, all.host, 0, 2]),
            Err(LineErr::INVALPOINTER)
        );
        let complete = [first.driver, second.driver, all.host, address(&mut all.driver), 2];
        self.library.done("TSPI_lineCompleteTransfer", &complete);
        assert_ne!(all.driver, 0);
        self.reaches(all, LINECALLSTATE_CONNECTED);
        for member in [first, second] {
            self.reaches(member, LINECALLSTATE_CONFERENCED);
            let told = (7, member.host, LINE_CALLSTATE, LINECALLSTATE_CONFERENCED as usize, all.host);
            wait("the conference of a member", |t| t.events.contains(&told).then_some(()));
        }
        assert_eq!(self.info(all, offset_of!(LINECALLINFO, dwOrigin)), LINECALLORIGIN_CONFERENCE);
        self.end(&[all, first, second]);
    }

    /// Held and taken back; parked where the exchange has orbits.
    fn hold_and_park(&mut self) {
        let call = self.make_call(ANSWERS);
        self.reaches(call, LINECALLSTATE_CONNECTED);
        if self.can(LINECALLFEATURE_HOLD, "TSPI_lineHold", &[call.driver]) {
            assert!(self.can_now(call, LINECALLFEATURE_HOLD));
            self.library.done("TSPI_lineHold", &[call.driver]);
            self.reaches(call, LINECALLSTATE_ONHOLD);
            self.library.done("TSPI_lineUnhold", &[call.driver]);
            self.reaches(call, LINECALLSTATE_CONNECTED);
        }
        let mut slot = structure::<16>();
        if self.can(LINECALLFEATURE_PARK, "TSPI_linePark", &[call.driver, 2, 0, address(&mut slot)]) {
            self.library.done("TSPI_linePark", &[call.driver, 2, 0, address(&mut slot)]);
            assert_eq!(slot[3], STRINGFORMAT_ASCII);
            self.reaches(call, LINECALLSTATE_IDLE);
        } else {
            assert_eq!(slot, structure::<16>(), "a call that is not parked has no slot");
        }
        self.end(&[call]);
    }

    /// All calls forwarded, and no more; the number that is told is the number that was given.
    fn forward(&mut self) {
        // A number within a code cannot wait for a dial tone.
        let destination = format!("{}{ANSWERS}", self.access.trim_end_matches('W'));
        let number = wide(&destination);
        let mut list: Vec<u8> = [32 + number.len() as u32, 1, LINEFORWARDMODE_UNCOND, 0, 0, 0, number.len() as u32, 32]
            .iter()
            .flat_map(|w| w.to_ne_bytes())
            .chain(number.iter().copied())
            .collect();
        let mut consultation = 99_usize;
        let set = [self.line, 1, 0, address(&mut list[..]), 0, 0, address(&mut consultation), 0];
        if self.features.1 & LINEADDRFEATURE_FORWARD == 0 {
            assert_eq!(self.library.ask("TSPI_lineForward", &set), Err(LineErr::OPERATIONUNAVAIL));
            assert_eq!(consultation, 99, "nothing was written");
            return;
        }
        self.library.done("TSPI_lineForward", &set);
        assert_eq!(consultation, 0, "there is no consultation call");
        self.library.wait_idle(self.line);
        let mut status = structure::<64>();
        self.library.ok("TSPI_lineGetAddressStatus", &[self.line, 0, address(&mut status)]);
        if status[offset_of!(LINEADDRESSSTATUS, dwForwardNumEntries) / 4] == 1 {
            let entry = status[offset_of!(LINEADDRESSSTATUS, dwForwardOffset) / 4] as usize;
            assert_eq!(status[entry / 4], LINEFORWARDMODE_UNCOND);
            let told = text(&status, entry + offset_of!(LINEFORWARD, dwDestAddressSize));
            assert_eq!(told, destination);
        }
        let cancel = [self.line, 1, 0, 0, 0, 0, address(&mut consultation), 0];
        self.library.done("TSPI_lineForward", &cancel);
        self.library.wait_idle(self.line);
    }

    /// A call back from a busy number, and given up.
    fn completion(&mut self) {
        let call = self.make_call(BUSY);
        self.reaches(call, LINECALLSTATE_BUSY);
        let mut id = 0xdead_u32;
        let complete = [call.driver, address(&mut id), LINECALLCOMPLMODE_CALLBACK as usize, 0];
        if self.can(LINECALLFEATURE_COMPLETECALL, "TSPI_lineCompleteCall", &complete) {
            let request = self.library.ask("TSPI_lineCompleteCall", &complete).expect("accepted");
            assert_ne!(id, 0xdead, "the number is there when the request is accepted");
            wait("CompleteCall", |t| t.completed.iter().find(|c| c.0 == request).map(|c| c.1));
        } else {
            assert_eq!(id, 0xdead, "nothing was written");
        }
        self.end(&[call]);
    }

    /// The key FLASH, which a line in a call announces.
    fn flash(&mut self) {
        let call = self.make_call(ANSWERS);
        self.reaches(call, LINECALLSTATE_CONNECTED);
        let mut status = structure::<22>();
        self.library.ok("TSPI_lineGetLineDevStatus", &[self.line, address(&mut status)]);
        let key = status[offset_of!(LINEDEVSTATUS, dwLineFeatures) / 4] & LINEFEATURE_DEVSPECIFICFEAT;
        assert_ne!(key, 0, "a line in a call can be flashed");
        self.library.done("TSPI_lineDevSpecificFeature", &[self.line, PHONEBUTTONFUNCTION_FLASH as usize, 0, 0]);
        self.end(&[call]);
    }
}

/// Everything, on an exchange with this switch plan.
fn on(plan: &str) {
    *TOLD.lock().unwrap_or_else(PoisonError::into_inner) = Told::default();
    let mut host = Host::start(plan);
    host.conference();
    host.hold_and_park();
    host.forward();
    host.completion();
    host.flash();
    host.library.ok("TSPI_lineClose", &[host.line]);
    host.library.ok("TSPI_providerShutdown", &[VERSION, 1]);
    let told = TOLD.lock().unwrap_or_else(PoisonError::into_inner);
    let mut completed: Vec<u32> = told.completed.iter().map(|c| c.0).collect();
    completed.sort_unstable();
    assert_eq!(completed, host.library.accepted, "{plan}: each accepted request completed once, and no other");
}

#[test]
fn parties_and_services() {
    // One after the other: the library has one state in a process.
    for plan in ["nanp", "pbx", "etsi", "centrex"] {
        on(plan);
    }
}
