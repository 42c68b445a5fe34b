//! The distribution's libspandsp, loaded when the benchmark runs: nothing is linked to it.

use libloading::{Library, Symbol};
use std::ffi::{c_char, c_int, c_void};
use std::ptr::null_mut;

type Process = unsafe extern "C" fn(*mut c_void, *const i16, c_int) -> c_int;

/// One receiver: its state, and the function that takes samples.
pub(crate) struct Receiver {
    state: *mut c_void,
    process: Process,
}

impl Receiver {
    pub(crate) fn process(&mut self, samples: &[i16]) {
        let count = c_int::try_from(samples.len()).expect("a short block");
        // SAFETY: the state was made by the function that belongs to `process`; the slice is valid for its length.
        unsafe { (self.process)(self.state, samples.as_ptr(), count) };
    }
}

/// The library.
pub(crate) struct Spandsp(&'static Library);

extern "C" fn digits(_: *mut c_void, _: *const c_char, _: c_int) {}
extern "C" fn bit(_: *mut c_void, _: c_int) {}
extern "C" fn tone(_: *mut c_void, _: c_int, _: c_int, _: c_int) {}

/// Size of `fsk_spec_t`: a pointer and five numbers.
const FSK_SPEC: usize = 32;
const V23: usize = 2;
const BELL202: usize = 6;
/// `FSK_FRAME_MODE_ASYNC`.
const ASYNC: c_int = 0;

impl Spandsp {
    /// The library, or why it is not there.
    pub(crate) fn load() -> Result<Self, libloading::Error> {
        // SAFETY: the library's initialisers are trusted as far as the distribution is. It is never unloaded.
        let library = unsafe { Library::new("libspandsp.so.2") }?;
        Ok(Self(Box::leak(Box::new(library))))
    }

    fn symbol<T>(&self, name: &str) -> Symbol<'static, T> {
        // SAFETY: each caller gives the type that the library's headers declare for the name.
        unsafe { self.0.get(name.as_bytes()) }.expect("libspandsp has the function")
    }

    pub(crate) fn dtmf(&self) -> Receiver {
        type Init = unsafe extern "C" fn(
            *mut c_void,
            extern "C" fn(*mut c_void, *const c_char, c_int),
            *mut c_void,
        ) -> *mut c_void;
        let init: Symbol<Init> = self.symbol("dtmf_rx_init");
        // SAFETY: a null state asks the library to allocate one.
        let state = unsafe { init(null_mut(), digits, null_mut()) };
        Receiver { state, process: *self.symbol("dtmf_rx") }
    }

    fn fsk(&self, modem: usize) -> Receiver {
        type Init = unsafe extern "C" fn(
            *mut c_void,
            *const c_void,
            c_int,
            extern "C" fn(*mut c_void, c_int),
            *mut c_void,
        ) -> *mut c_void;
        let init: Symbol<Init> = self.symbol("fsk_rx_init");
        let specs: Symbol<*const u8> = self.symbol("preset_fsk_specs");
        // SAFETY: `preset_fsk_specs` is an array of ten; both indices are below that.
        let state = unsafe { init(null_mut(), specs.add(modem * FSK_SPEC).cast(), ASYNC, bit, null_mut()) };
        Receiver { state, process: *self.symbol("fsk_rx") }
    }

    /// Bell 202 and V.23: one receiver each.
    pub(crate) fn caller_id(&self) -> [Receiver; 2] {
        [self.fsk(BELL202), self.fsk(V23)]
    }

    /// North American call progress and the call-waiting alert, as one tone detector.
    pub(crate) fn call_progress(&self) -> Receiver {
        let make: Symbol<unsafe extern "C" fn(*mut c_void) -> *mut c_void> =
            self.symbol("super_tone_rx_make_descriptor");
        let add_tone: Symbol<unsafe extern "C" fn(*mut c_void) -> c_int> = self.symbol("super_tone_rx_add_tone");
        type Element = unsafe extern "C" fn(*mut c_void, c_int, c_int, c_int, c_int, c_int) -> c_int;
        let add: Symbol<Element> = self.symbol("super_tone_rx_add_element");
        type Init = unsafe extern "C" fn(
            *mut c_void,
            *mut c_void,
            extern "C" fn(*mut c_void, c_int, c_int, c_int),
            *mut c_void,
        ) -> *mut c_void;
        let init: Symbol<Init> = self.symbol("super_tone_rx_init");
        // Frequencies in Hz, shortest and longest duration in ms (0: any).
        let tones: [&[[c_int; 4]]; 6] = [
            &[[350, 440, 700, 0]],
            &[[440, 480, 1700, 2300], [0, 0, 3400, 4600]],
            &[[480, 620, 400, 600], [0, 0, 400, 600]],
            &[[480, 620, 200, 300], [0, 0, 200, 300]],
            &[[914, 0, 230, 430], [1429, 0, 230, 430], [1777, 0, 330, 430]],
            &[[2130, 2750, 70, 120]],
        ];
        // SAFETY: the descriptor is made by the library and lives as long as it.
        let state = unsafe {
            let descriptor = make(null_mut());
            for elements in tones {
                let id = add_tone(descriptor);
                for [f1, f2, min, max] in elements {
                    add(descriptor, id, *f1, *f2, *min, *max);
                }
            }
            init(null_mut(), descriptor, tone, null_mut())
        };
        Receiver { state, process: *self.symbol("super_tone_rx") }
    }
}
