//! Tones, media, bytes and sound of a call, and what the line itself tells, as a host in C has them, on an emulated FXO port.

#[path = "common/c_host.rs"]
mod c_host;

use c_host::{CLibrary, TOLD, VERSION, address, event_pointer, wait, wide};
use loopstart::provider::LineErr;
use loopstart::signal::{Name, Number, PartyId, cid};
use loopstart::tspi::consts::*;
use loopstart::tspi::types::*;
use std::io::Read;
use std::mem::offset_of;
use std::os::fd::{FromRawFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::sync::PoisonError;
use std::time::{Duration, Instant};

/// Numbers of the emulated exchange: one that echoes, one that sends digits, a fax machine, and one that calls back.
const ECHO: &str = "5550120";
const DIGITS: &str = "5550126";
const FAX: &str = "5550128";
const BACK: &str = "5550130";

struct Host {
    library: CLibrary,
    line: usize,
    next: usize,
    /// `LINECALLFEATURE_` bits that the line announces.
    features: u32,
}

#[derive(Clone, Copy)]
struct Call {
    host: usize,
    driver: usize,
}

fn structure<const N: usize>() -> [u32; N] {
    let mut block = [0; N];
    block[0] = 4 * N as u32;
    block
}

impl Host {
    fn start() -> Self {
        let library = CLibrary::start("emulated:1", "speed=10");
        let mut line = 0_usize;
        library.ok("TSPI_lineOpen", &[0, 7, address(&mut line), VERSION, event_pointer()]);
        library.wait_idle(line);
        let mut caps = structure::<512>();
        library.ok("TSPI_lineGetAddressCaps", &[0, 0, VERSION, 0, address(&mut caps)]);
        let features = caps[offset_of!(LINEADDRESSCAPS, dwCallFeatures) / 4];
        Self { library, line, next: 1000, features }
    }

    fn connected(&mut self, number: &str) -> Call {
        let call = self.made(number, 0);
        self.message(call, LINE_CALLSTATE, LINECALLSTATE_CONNECTED as usize);
        call
    }

    /// A call with these LINECALLPARAMS.
    fn made(&mut self, number: &str, params: usize) -> Call {
        self.next += 1;
        let (mut call, mut number) = (Call { host: self.next, driver: 0 }, wide(number));
        let arguments = [self.line, call.host, address(&mut call.driver), address(&mut number[..]), 0, params];
        self.library.done("TSPI_lineMakeCall", &arguments);
        call
    }

    /// Waits for a message of a call with this first parameter; its second.
    fn message(&self, call: Call, message: u32, first: usize) -> usize {
        wait(&format!("message {message} with {first:#x}"), |t| {
            t.events.iter().find(|e| e.1 == call.host && e.2 == message && e.3 == first).map(|e| e.4)
        })
    }

    fn end(&mut self, call: Call) {
        self.library.done("TSPI_lineDrop", &[call.driver, 0, 0]);
        self.library.ok("TSPI_lineCloseCall", &[call.driver]);
        self.library.wait_idle(self.line);
    }

    fn info(&self, call: Call) -> Vec<u8> {
        let mut info = structure::<512>();
        self.library.ok("TSPI_lineGetCallInfo", &[call.driver, address(&mut info)]);
        info.iter().flat_map(|w| w.to_ne_bytes()).collect()
    }

    /// The far end's digits are tones too, and tones that are told apart by their numbers.
    fn tones_heard(&mut self) {
        assert_ne!(self.features & LINECALLFEATURE_MONITORTONES, 0);
        let call = self.connected(DIGITS);
        // 7 and 9 of the keypad (ITU-T Q.23).
        let mut tones = [770_u32, 30, 852, 1209, 0, 990, 30, 852, 1477, 0];
        self.library.ok("TSPI_lineMonitorTones", &[call.driver, 3, address(&mut tones), 2]);
        assert_eq!(self.message(call, LINE_MONITORTONE, 770), 3, "the list");
        assert_eq!(self.message(call, LINE_MONITORTONE, 990), 3);
        self.library.ok("TSPI_lineMonitorTones", &[call.driver, 3, 0, 0]);
        let mut wrong = [1_u32, 30, 0x1_0000, 0, 0];
        let answer = self.library.call("TSPI_lineMonitorTones", &[call.driver, 4, address(&mut wrong), 1]);
        assert_eq!(answer, LineErr::INVALTONE.code());
        self.end(call);
    }

    /// A fax machine answers, and the host is told so.
    fn media_heard(&mut self) {
        assert_ne!(self.features & LINECALLFEATURE_MONITORMEDIA, 0);
        let call = self.connected(FAX);
        self.library.ok("TSPI_lineMonitorMedia", &[call.driver, LINEMEDIAMODE_G3FAX as usize]);
        self.message(call, LINE_MONITORMEDIA, LINEMEDIAMODE_G3FAX as usize);
        self.library.ok("TSPI_lineMonitorMedia", &[call.driver, 0]);
        self.end(call);
    }

    /// Tones that end, that are replaced, and that are cancelled.
    fn tones_sent(&mut self) {
        assert_ne!(self.features & LINECALLFEATURE_GENERATETONE, 0);
        let call = self.connected(ECHO);
        let ended = |id: usize, why: u32| {
            wait(&format!("the end of tone {id}"), |t| {
                let of = |e: &&(usize, usize, u32, usize, usize)| e.1 == call.host && e.2 == LINE_GENERATE && e.4 == id;
                t.events.iter().find(of).map(|e| assert_eq!(e.3, why as usize, "tone {id}"))
            });
        };
        let mut parts = [440_u32, 1, 0, 0x8000, 480, 200, 200, 0x8000];
        let tone = |id: usize, mode: u32, duration: usize, count: usize, parts: usize| {
            [call.driver, id, mode as usize, duration, count, parts]
        };
        let parts = address(&mut parts);
        self.library.ok("TSPI_lineGenerateTone", &tone(1, LINETONEMODE_BEEP, 300, 0, 0));
        ended(1, LINEGENERATETERM_DONE);
        self.library.ok("TSPI_lineGenerateTone", &tone(2, LINETONEMODE_CUSTOM, 500, 2, parts));
        ended(2, LINEGENERATETERM_DONE);
        self.library.ok("TSPI_lineGenerateTone", &tone(3, LINETONEMODE_BUSY, 0, 0, 0));
        self.library.ok("TSPI_lineGenerateTone", &tone(4, LINETONEMODE_RINGBACK, 0, 0, 0));
        ended(3, LINEGENERATETERM_CANCEL);
        self.library.ok("TSPI_lineGenerateTone", &tone(0, 0, 0, 0, 0));
        ended(4, LINEGENERATETERM_CANCEL);
        self.end(call);
    }

    /// Bytes that are kept with the call.
    fn call_data(&mut self) {
        let call = self.connected(ECHO);
        let (size, offset) = (offset_of!(LINECALLINFO, dwCallDataSize), offset_of!(LINECALLINFO, dwCallDataOffset));
        let word = |info: &[u8], at: usize| u32::from_ne_bytes(info[at..at + 4].try_into().unwrap()) as usize;
        let mut data = *b"customer 4711";
        self.library.done("TSPI_lineSetCallData", &[call.driver, address(&mut data), data.len()]);
        self.message(call, LINE_CALLINFO, LINECALLINFOSTATE_CALLDATA as usize);
        let info = self.info(call);
        let (at, length) = (word(&info, offset), word(&info, size));
        assert_eq!(info[at..at + length], data);
        self.library.done("TSPI_lineSetCallData", &[call.driver, 0, 0]);
        let info = self.info(call);
        assert_eq!((word(&info, offset), word(&info, size)), (0, 0));
        self.end(call);
        // And bytes that come with the call from the beginning.
        let mut params = vec![0_u32; 176 / 4];
        params.extend(data.as_chunks::<4>().0.iter().map(|b| u32::from_ne_bytes(*b)));
        params[0] = 4 * params.len() as u32;
        params[offset_of!(LINECALLPARAMS, dwCallDataSize) / 4] = 11;
        params[offset_of!(LINECALLPARAMS, dwCallDataOffset) / 4] = 176;
        let call = self.made(ECHO, address(&mut params[..]));
        let info = self.info(call);
        assert_eq!(info[word(&info, offset)..][..word(&info, size)], data[..11]);
        self.end(call);
    }

    /// The media stream is controlled by a fax machine that stays for a second.
    fn media_control(&mut self) {
        assert_ne!(self.features & LINECALLFEATURE_SETMEDIACONTROL, 0);
        let call = self.connected(ECHO);
        let mut entry = [LINEMEDIAMODE_G3FAX, 1_000, LINEMEDIACONTROL_PAUSE];
        let set = |library: &CLibrary, entry: &mut [u32; 3]| {
            let select = LINECALLSELECT_CALL as usize;
            library.call("TSPI_lineSetMediaControl", &[0, 0, call.driver, select, 0, 0, address(entry), 1, 0, 0, 0, 0])
        };
        assert_eq!(set(&self.library, &mut entry), 0);
        entry[2] = 0;
        assert_eq!(set(&self.library, &mut entry), LineErr::INVALMEDIALIST.code());
        self.end(call);
    }

    /// The answer to a question of the extension.
    fn told(&mut self, question: u32) -> Vec<u8> {
        let mut block = [0_u32; 100];
        block[0] = question;
        self.library.done("TSPI_lineDevSpecific", &[self.line, 0, 0, address(&mut block), 400]);
        assert_eq!(block[1], block[2], "all of it fits");
        block.iter().flat_map(|w| w.to_ne_bytes()).take(block[2] as usize).skip(12).collect()
    }

    /// The loop, levels, and a caller identification as it came.
    fn line_told(&mut self) {
        const KNOWN: u32 = 1 | 2 | 4 | 8;
        self.library.ok("TSPI_lineSelectExtVersion", &[self.line, 0x1_0000]);
        let words = |bytes: &[u8]| bytes.as_chunks::<4>().0.iter().map(|b| u32::from_ne_bytes(*b)).collect::<Vec<_>>();
        let on_hook = words(&self.told(1));
        assert_eq!((on_hook[0], on_hook[1] & !2), (KNOWN, 1 | 4), "battery, and in service");
        assert_eq!(self.told(3), [0; 12], "nobody has called");
        let call = self.connected(DIGITS);
        assert_eq!(words(&self.told(1))[1] & !2, 1 | 4 | 8, "off hook");
        // The digits of the far end are heard within a second of line time or two.
        let until = Instant::now() + Duration::from_secs(60);
        loop {
            let levels: Vec<i32> = words(&self.told(4)).into_iter().map(u32::cast_signed).collect();
            assert!(levels.iter().all(|l| (-12_000..=615).contains(l)), "{levels:?}");
            if levels[1] > -3_000 {
                break;
            }
            assert!(Instant::now() < until, "{levels:?}");
            std::thread::sleep(Duration::from_millis(5));
        }
        self.end(call);
        let call = self.made(BACK, 0);
        self.message(call, LINE_CALLSTATE, LINECALLSTATE_RINGBACK as usize);
        self.end(call);
        let until = Instant::now() + Duration::from_secs(60);
        let raw = loop {
            let raw = self.told(3);
            if raw.len() > 12 {
                break raw;
            }
            assert!(Instant::now() < until, "nobody calls back");
            std::thread::sleep(Duration::from_millis(5));
        };
        assert_eq!(words(&raw[..12]), [1, 1, 1], "a frame, believed, the first one");
        let message = cid::parse(&raw[12..]).expect("a whole frame");
        let caller = message.caller_id();
        assert_eq!(caller.number, PartyId::Known(Number::new(BACK)));
        assert_eq!(caller.name, PartyId::Known(Name::new("CALL BACK")));
    }

    /// What the line says comes out of a socket while the call lasts.
    fn sound(&mut self) {
        let call = self.connected(DIGITS);
        let mut class = wide("wave/in");
        let mut block = structure::<8>();
        let ask = [0, 0, call.driver, LINECALLSELECT_CALL as usize, address(&mut block), address(&mut class[..]), 0];
        self.library.ok("TSPI_lineGetID", &ask);
        assert_eq!((block[3], block[4], block[5]), (STRINGFORMAT_BINARY, 4, 24));
        // SAFETY: a descriptor that was handed out to this host, and nobody else has.
        let mut socket = UnixStream::from(unsafe { OwnedFd::from_raw_fd(block[6] as i32) });
        socket.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        let (mut samples, mut loudest) = ([0_u8; 160], 0);
        // The level of a digit, within ten minutes of line time at most.
        for _ in 0..60_000 {
            socket.read_exact(&mut samples).expect("samples");
            let values = samples.as_chunks::<2>().0.iter().map(|b| i16::from_ne_bytes(*b).unsigned_abs());
            loudest = values.max().unwrap_or(0).max(loudest);
            if loudest > 1_000 {
                break;
            }
        }
        assert!(loudest > 1_000, "the digits are heard: {loudest}");
        self.end(call);
        let mut rest = Vec::new();
        socket.read_to_end(&mut rest).expect("an end, not a timeout");
    }
}

#[test]
fn media() {
    let mut host = Host::start();
    host.tones_sent();
    host.tones_heard();
    host.media_heard();
    host.call_data();
    host.media_control();
    host.sound();
    host.line_told();
    host.library.ok("TSPI_lineClose", &[host.line]);
    host.library.ok("TSPI_providerShutdown", &[VERSION, 1]);
    let told = TOLD.lock().unwrap_or_else(PoisonError::into_inner);
    let mut completed: Vec<u32> = told.completed.iter().map(|c| c.0).collect();
    completed.sort_unstable();
    assert_eq!(completed, host.library.accepted, "each accepted request completed once, and no other");
}
