//! A host on the library's C surface: loads it, starts it, calls its operations by name, and writes down what it is told.
#![allow(dead_code, reason = "each test uses what it needs")]

use libloading::Library;
use loopstart::provider::LineErr;
use loopstart::tspi::consts::{LINE_NEWCALL, LINEFEATURE_MAKECALL};
use loopstart::tspi::types::LINEDEVSTATUS;
use std::mem::offset_of;
use std::path::PathBuf;
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The version of the interface that is spoken.
pub(crate) const VERSION: usize = 0x2_0002;
const PATIENCE: Duration = Duration::from_secs(60);

/// The library that cargo built with this test.
fn library() -> PathBuf {
    let exe = std::env::current_exe().expect("the test's own path");
    let deps = exe.parent().expect("the test is in a directory");
    let places = [Some(deps), deps.parent()];
    let found = places.into_iter().flatten().map(|d| d.join("libloopstart.so")).find(|p| p.is_file());
    found.unwrap_or_else(|| panic!("no libloopstart.so in {} or above", deps.display()))
}

#[derive(Default)]
pub(crate) struct Told {
    /// Requests and how they ended.
    pub(crate) completed: Vec<(u32, i32)>,
    /// Line, call, message, and its first two parameters.
    pub(crate) events: Vec<(usize, usize, u32, usize, usize)>,
}

/// What the host was told.
pub(crate) static TOLD: Mutex<Told> = Mutex::new(Told { completed: Vec::new(), events: Vec::new() });
static CHANGED: Condvar = Condvar::new();

unsafe extern "C" fn completion(request: u32, result: i32) {
    TOLD.lock().unwrap_or_else(PoisonError::into_inner).completed.push((request, result));
    CHANGED.notify_all();
}

/// Takes messages; gives a call that comes in a number of the host's from 1 000 000 on, which stands in place of the address.
unsafe extern "C" fn event(line: usize, call: usize, message: u32, p1: usize, p2: usize, _: usize) {
    let mut told = TOLD.lock().unwrap_or_else(PoisonError::into_inner);
    let second = if message == LINE_NEWCALL {
        let number = 1_000_000 + told.events.len();
        // SAFETY: the second parameter of LINE_NEWCALL is the place for the host's handle.
        unsafe { std::ptr::with_exposed_provenance_mut::<usize>(p2).write(number) }
        number
    } else {
        p2
    };
    told.events.push((line, call, message, p1, second));
    CHANGED.notify_all();
}

/// Waits until what was told has something.
pub(crate) fn wait<T>(what: &str, find: impl Fn(&Told) -> Option<T>) -> T {
    let until = Instant::now() + PATIENCE;
    let mut told = TOLD.lock().unwrap_or_else(PoisonError::into_inner);
    loop {
        if let Some(found) = find(&told) {
            return found;
        }
        let left = until.saturating_duration_since(Instant::now());
        assert!(!left.is_zero(), "{what} did not come; {:?}", told.events);
        told = CHANGED.wait_timeout(told, left).unwrap_or_else(PoisonError::into_inner).0;
    }
}

/// A text as UTF-16 with its NUL.
pub(crate) fn wide(text: &str) -> Vec<u8> {
    text.encode_utf16().chain([0]).flat_map(u16::to_ne_bytes).collect()
}

type Twelve =
    unsafe extern "C" fn(usize, usize, usize, usize, usize, usize, usize, usize, usize, usize, usize, usize) -> i32;

/// Where something is.
pub(crate) fn address<T: ?Sized>(place: &mut T) -> usize {
    std::ptr::from_mut(place).cast::<u8>().expose_provenance()
}

/// The callback for messages.
pub(crate) fn event_pointer() -> usize {
    event as unsafe extern "C" fn(usize, usize, u32, usize, usize, usize) as usize
}

/// The library, started.
pub(crate) struct CLibrary {
    library: Library,
    /// Requests that were accepted.
    pub(crate) accepted: Vec<u32>,
    request: u32,
}

impl CLibrary {
    /// Loads the library and starts the provider with these devices. By one thread, while the provider has none.
    pub(crate) fn start(devices: &str, emulated: &str) -> Self {
        // SAFETY: the provider reads these variables in this thread, further below, and nothing else of this program does.
        unsafe {
            std::env::set_var("LOOPSTART_DEVICES", devices);
            std::env::set_var("LOOPSTART_EMULATED", emulated);
            std::env::remove_var("LOOPSTART_CONFIG");
            std::env::remove_var("LOOPSTART_PLAN");
        }
        // SAFETY: our own library; loading it runs no code of its own.
        let library = unsafe { Library::new(library()) }.expect("the library loads");
        let this = Self { library, accepted: Vec::new(), request: 100 };
        let completion = completion as unsafe extern "C" fn(u32, i32) as usize;
        let (mut lines, mut phones, mut options) = (0_u32, 0_u32, 0_u32);
        this.ok("TSPI_providerEnumDevices", &[1, address(&mut lines), address(&mut phones), 0, event_pointer(), 0]);
        assert_eq!(lines as usize, devices.split(',').count());
        let start = [VERSION, 1, 0, 0, lines as usize, 0, completion, address(&mut options)];
        this.ok("TSPI_providerInit", &start);
        this
    }

    /// Calls an operation.
    pub(crate) fn call(&self, name: &str, arguments: &[usize]) -> i32 {
        let mut a = [0; 12];
        a[..arguments.len()].copy_from_slice(arguments);
        // SAFETY: the function exists with at most twelve parameters, all integers or pointers, each in a place of eight
        // bytes by the calling conventions of 64-bit Linux; the callee ignores what it did not ask for.
        unsafe {
            let function = self.library.get::<Twelve>(name.as_bytes()).unwrap_or_else(|e| panic!("{name}: {e}"));
            function(a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7], a[8], a[9], a[10], a[11])
        }
    }

    /// A synchronous operation that succeeds.
    pub(crate) fn ok(&self, name: &str, arguments: &[usize]) {
        let answer = self.call(name, arguments);
        assert_eq!(answer, 0, "{name}: {:?}", LineErr::from_code(answer));
    }

    /// An asynchronous operation: accepted, and its request; or the error.
    pub(crate) fn ask(&mut self, name: &str, arguments: &[usize]) -> Result<u32, LineErr> {
        self.request += 1;
        let request = self.request;
        let answer = self.call(name, &[&[request as usize], arguments].concat());
        if answer < 0 {
            return Err(LineErr::from_code(answer).expect("a published error"));
        }
        assert_eq!(answer, request as i32, "{name}");
        self.accepted.push(request);
        Ok(request)
    }

    /// An asynchronous operation that succeeds.
    pub(crate) fn done(&mut self, name: &str, arguments: &[usize]) {
        let request = self.ask(name, arguments).unwrap_or_else(|e| panic!("{name}: {e:?}"));
        let result = wait(name, |t| t.completed.iter().find(|c| c.0 == request).map(|c| c.1));
        assert_eq!(result, 0, "{name}: {:?}", LineErr::from_code(result));
    }

    /// Waits until a line can take a call.
    pub(crate) fn wait_idle(&self, line: usize) {
        let until = Instant::now() + PATIENCE;
        loop {
            let mut status = [0_u32; 22];
            status[0] = 88;
            self.ok("TSPI_lineGetLineDevStatus", &[line, address(&mut status)]);
            if status[offset_of!(LINEDEVSTATUS, dwLineFeatures) / 4] & LINEFEATURE_MAKECALL != 0 {
                return;
            }
            assert!(Instant::now() < until, "the line does not become ready");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// The state of a call.
    pub(crate) fn state(&self, call: usize) -> u32 {
        let mut status = [0_u32; 14];
        status[0] = 56;
        self.ok("TSPI_lineGetCallStatus", &[call, address(&mut status)]);
        status[3]
    }
}
