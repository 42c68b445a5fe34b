//! Thousands of operations in any order with any arguments, on lines that ring, talk and are taken back: every answer is a
//! published one, and each accepted request completes exactly once. The line that a storm passed over still makes calls.

#[path = "common/c_host.rs"]
mod c_host;

use c_host::{CLibrary, TOLD, VERSION, address, event_pointer, wait, wide};
use loopstart::provider::LineErr;
use loopstart::tspi::consts::*;
use loopstart::tspi::{OPERATIONS, Operation, Parameter};
use std::collections::BTreeMap;
use std::sync::PoisonError;
use std::time::Duration;

/// A sequence of numbers that look random (xorshift64*, Marsaglia and Vigna).
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % limit
    }

    fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }
}

const BLOCK: usize = 4096;

struct Storm {
    library: CLibrary,
    random: Random,
    lines: [usize; 3],
    /// Handles of calls that were handed out and not closed.
    calls: Vec<usize>,
    /// Messages that were looked through for calls that came in.
    looked: usize,
    next: usize,
    texts: Vec<Vec<u8>>,
    classes: Vec<Vec<u8>>,
    /// Memory for each parameter, and for digits, which is used later.
    blocks: Vec<[u32; BLOCK / 4]>,
    digits: Vec<u16>,
}

impl Storm {
    fn line(&mut self) -> usize {
        if self.random.below(8) == 0 {
            self.random.one_of(&[0, 1, 0x4000_0001, usize::MAX])
        } else {
            self.random.one_of(&self.lines)
        }
    }

    fn call(&mut self) -> usize {
        match self.random.below(8) {
            0 => self.random.one_of(&[0, 1, 0x5000_0001, usize::MAX]),
            _ if self.calls.is_empty() => 0,
            _ => self.random.one_of(&self.calls),
        }
    }

    fn argument(&mut self, at: usize, parameter: &Parameter) -> usize {
        let block = address(&mut self.blocks[at]);
        let memory = if self.random.below(16) == 0 { 0 } else { block };
        match (parameter.ty, parameter.name) {
            ("HDRVLINE", _) => self.line(),
            ("HDRVCALL", _) => self.call(),
            ("HTAPICALL" | "HTAPILINE", _) => {
                self.next += 1;
                self.next
            }
            ("LPHDRVCALL", _) => {
                self.blocks[at][..2].fill(0);
                memory
            }
            // This one is written when the digits have come.
            ("LPWSTR", _) => address(&mut self.digits[..]),
            ("DWORD", "dwNumDigits") => self.random.below(8),
            ("LPCWSTR", "lpszDeviceClass") => {
                let at = self.random.below(self.classes.len());
                address(&mut self.classes[at][..])
            }
            ("LPCWSTR", _) => {
                let at = self.random.below(self.texts.len() + 1);
                self.texts.get_mut(at).map_or(0, |text| address(&mut text[..]))
            }
            ("LPLINECALLPARAMS", _) if self.random.below(4) != 0 => 0,
            (ty, _) if ty.starts_with("LP") => {
                for word in &mut self.blocks[at] {
                    *word = 0;
                }
                for word in 1..16 {
                    self.blocks[at][word] = self.random.one_of(&[0, 0, 1, 2, 4, 8, 24, 0x31, 440, 1209, 0xffff]);
                }
                self.blocks[at][0] = self.random.one_of(&[BLOCK as u32, BLOCK as u32, 176, 24, 8, 0]);
                memory
            }
            // What a host says about its own memory is true.
            ("DWORD", name) if name.starts_with("dwSize") => self.random.below(64),
            ("DWORD", name) if name.ends_with("NumEntries") || name == "dwNumTones" => self.random.below(5),
            ("DWORD", "dwDeviceID") => self.random.below(4),
            ("DWORD", "dwFeature") => self.random.one_of(&[0x17, 4, 0x99]),
            ("DWORD", "dwAddressID") => usize::from(self.random.below(16) == 0),
            ("DWORD", _) => self.random.one_of(&[0, 0, 1, 1, 2, 2, 3, 4, 8, 0x10, 300, 0x2_0002, 0xffff_ffff]),
            _ => 0,
        }
    }

    /// Does one thing, and checks what it answers.
    fn turn(&mut self, operation: &Operation) {
        let skip = usize::from(operation.asynchronous);
        let parameters = &operation.parameters[skip..];
        let arguments: Vec<usize> = parameters.iter().enumerate().map(|(at, p)| self.argument(at, p)).collect();
        let accepted = if operation.asynchronous {
            self.library.ask(operation.name, &arguments).is_ok()
        } else {
            let answer = self.library.call(operation.name, &arguments);
            assert!(answer == 0 || LineErr::from_code(answer).is_some(), "{} answers {answer:#x}", operation.name);
            answer == 0
        };
        if !accepted {
            return;
        }
        if operation.name == "TSPI_lineCloseCall" {
            self.calls.retain(|call| *call != arguments[0]);
        }
        for (at, _) in parameters.iter().enumerate().filter(|(_, p)| p.ty == "LPHDRVCALL") {
            let handle = self.blocks[at][0] as usize | (self.blocks[at][1] as usize) << 32;
            if arguments[at] != 0 && handle != 0 {
                self.calls.push(handle);
            }
        }
    }

    /// Calls that came in since.
    fn incoming(&mut self) {
        let told = TOLD.lock().unwrap_or_else(PoisonError::into_inner);
        let new = told.events[self.looked..].iter().filter(|e| e.2 == LINE_NEWCALL);
        self.calls.extend(new.map(|e| e.3));
        self.looked = told.events.len();
    }
}

#[test]
fn a_storm_leaves_order() {
    // Another storm: LOOPSTART_STORM=NUMBER.
    let seed = std::env::var("LOOPSTART_STORM").ok().and_then(|seed| seed.parse().ok()).unwrap_or(0x5eed_5eed);
    let library = CLibrary::start("emulated:0,emulated:1,emulated:3", "speed=40,services=all");
    let mut lines = [0_usize; 3];
    for (device, line) in lines.iter_mut().enumerate() {
        library.ok("TSPI_lineOpen", &[device, device + 1, address(line), VERSION, event_pointer()]);
        library.wait_idle(*line);
        library.ok("TSPI_lineSetStatusMessages", &[*line, 0x1ff_ffff, 0x1ff]);
        let voice = LINEMEDIAMODE_INTERACTIVEVOICE as usize;
        library.ok("TSPI_lineSetDefaultMediaDetection", &[*line, voice]);
    }
    let texts =
        ["5550120", "5550121", "5550122", "5550101", "5550103", "5550100", "5550125", "", "1", "*70", "?", "x", "5;"];
    let classes = ["tapi/line", "comm/datamodem/portname", "nonsense"];
    let mut storm = Storm {
        library,
        random: Random(seed),
        lines,
        calls: Vec::new(),
        looked: 0,
        next: 5_000,
        texts: texts.map(wide).to_vec(),
        classes: classes.map(wide).to_vec(),
        blocks: vec![[0; BLOCK / 4]; 12],
        digits: vec![0; 16],
    };
    // Not those that end a line, or open one that is open.
    let left_out = ["TSPI_lineOpen", "TSPI_lineClose"];
    let operations: Vec<&Operation> = OPERATIONS
        .iter()
        .filter(|o| o.refused.is_none() && !o.name.starts_with("TSPI_provider") && !left_out.contains(&o.name))
        .collect();
    let made: Vec<&Operation> = operations.iter().copied().filter(|o| o.name == "TSPI_lineMakeCall").collect();
    // Until much has happened, which takes the longer the more is asked of the exchange.
    let mut turn = 0;
    while turn < 6_000 || storm.looked < 200 && turn < 60_000 {
        turn += 1;
        let operation = match turn % 16 {
            0 => made[0],
            _ => storm.random.one_of(&operations),
        };
        storm.turn(operation);
        storm.incoming();
        if turn % 4 == 0 {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
    assert!(storm.next > 5_100 && storm.looked >= 200, "things happened: {} messages", storm.looked);
    for call in std::mem::take(&mut storm.calls) {
        // A call that came in may have been closed by the number that the storm made up.
        let closed = storm.library.call("TSPI_lineCloseCall", &[call]);
        assert!(closed == 0 || closed == LineErr::INVALCALLHANDLE.code());
    }
    // Each line makes an ordinary call afterwards.
    for line in lines {
        storm.library.wait_idle(line);
        storm.next += 1;
        let (host, mut handle, mut number) = (storm.next, 0_usize, wide("5550120"));
        let arguments = [line, host, address(&mut handle), address(&mut number[..]), 0, 0];
        storm.library.done("TSPI_lineMakeCall", &arguments);
        let proceeding = LINECALLSTATE_PROCEEDING as usize;
        wait("PROCEEDING", |t| {
            t.events.iter().find(|e| e.1 == host && e.2 == LINE_CALLSTATE && e.3 == proceeding).map(|_| ())
        });
        storm.library.ok("TSPI_lineCloseCall", &[handle]);
    }
    for line in lines {
        storm.library.ok("TSPI_lineClose", &[line]);
    }
    storm.library.ok("TSPI_providerShutdown", &[VERSION, 1]);
    let told = TOLD.lock().unwrap_or_else(PoisonError::into_inner);
    let mut count: BTreeMap<u32, usize> = storm.library.accepted.iter().map(|request| (*request, 0)).collect();
    for (request, result) in &told.completed {
        *count.get_mut(request).unwrap_or_else(|| panic!("request {request} was never accepted")) += 1;
        assert!(*result == 0 || LineErr::from_code(*result).is_some(), "request {request} completed with {result:#x}");
    }
    let odd: Vec<_> = count.iter().filter(|(_, times)| **times != 1).collect();
    assert!(odd.is_empty(), "requests that did not complete once: {odd:?}");
    assert!(count.len() > 100, "{} requests", count.len());
}
