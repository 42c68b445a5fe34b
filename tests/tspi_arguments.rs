//! Every operation with every kind of bad argument, on open lines with live calls: the error is the documented one, nothing
//! is written, nothing beyond the host's memory is read, no request that was refused completes, and the calls stay as they
//! were. And what the good ones of the surface itself do: settings, device ids, the extension.

#[path = "common/c_host.rs"]
mod c_host;

use c_host::{CLibrary, TOLD, VERSION, address, event_pointer, wait, wide};
use loopstart::provider::LineErr;
use loopstart::tspi::OPERATIONS;
use loopstart::tspi::consts::*;
use loopstart::tspi::types::*;
use std::mem::offset_of;
use std::sync::PoisonError;

/// Memory that ends at a page which nobody may touch.
struct Guarded {
    start: *mut u8,
    length: usize,
}

const PAGE: usize = 4096;

impl Guarded {
    fn new(length: usize) -> Self {
        let length = length.next_multiple_of(PAGE);
        // SAFETY: new memory of our own; its last page is made inaccessible.
        let start = unsafe {
            let (prot, flags) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
            let start = libc::mmap(std::ptr::null_mut(), length + PAGE, prot, flags, -1, 0);
            assert_ne!(start, libc::MAP_FAILED);
            assert_eq!(libc::mprotect(start.cast::<u8>().add(length).cast(), PAGE, libc::PROT_NONE), 0);
            start.cast::<u8>()
        };
        Self { start, length }
    }

    /// Puts bytes so that they end at the guard, and everything before them is a canary. Their address.
    fn at_end(&self, bytes: &[u8]) -> usize {
        // SAFETY: within the accessible pages, which nobody else uses at this moment.
        unsafe {
            self.start.write_bytes(CANARY, self.length);
            let place = self.start.add(self.length - bytes.len());
            std::ptr::copy_nonoverlapping(bytes.as_ptr(), place, bytes.len());
            place.expose_provenance()
        }
    }

    fn content(&self) -> Vec<u8> {
        // SAFETY: as above.
        unsafe { std::slice::from_raw_parts(self.start, self.length) }.to_vec()
    }
}

const CANARY: u8 = 0xa5;
/// Just above what any block may have.
const TOO_LONG: usize = 64 * 1024 + 1;
/// Units of the longest text.
const LONGEST: usize = 8 * 1024;

/// A host with three open lines: two with a call each, and one without.
struct Host {
    library: CLibrary,
    lines: [usize; 3],
    calls: [usize; 2],
    closed_line: usize,
    closed_call: usize,
    memory: Guarded,
}

impl std::ops::Deref for Host {
    type Target = CLibrary;
    fn deref(&self) -> &CLibrary {
        &self.library
    }
}

impl std::ops::DerefMut for Host {
    fn deref_mut(&mut self) -> &mut CLibrary {
        &mut self.library
    }
}

impl Host {
    fn start() -> Self {
        let library = CLibrary::start("emulated:0,emulated:1,emulated:3", "speed=20");
        let mut host = Self {
            library,
            lines: [0; 3],
            calls: [0; 2],
            closed_line: 0,
            closed_call: 0,
            memory: Guarded::new(TOO_LONG + PAGE),
        };
        for at in 0..3 {
            let mut handle = 0_usize;
            host.ok("TSPI_lineOpen", &[at, at + 1, address(&mut handle), VERSION, event_pointer()]);
            host.ok("TSPI_lineClose", &[handle]);
            host.closed_line = handle;
            host.ok("TSPI_lineOpen", &[at, at + 1, address(&mut handle), VERSION, event_pointer()]);
            host.lines[at] = handle;
            host.ok("TSPI_lineSetStatusMessages", &[handle, LINEDEVSTATE_CONFIGCHANGE as usize, 0]);
            host.wait_idle(handle);
        }
        let mut number = wide("5550122");
        for at in [1, 0, 1] {
            let mut handle = 0_usize;
            let line = host.lines[at];
            host.done("TSPI_lineMakeCall", &[line, 40 + at, address(&mut handle), address(&mut number[..]), 0, 0]);
            if host.closed_call == 0 {
                host.ok("TSPI_lineCloseCall", &[handle]);
                host.closed_call = handle;
                host.wait_idle(line);
            } else {
                host.calls[at] = handle;
            }
        }
        for at in 0..2 {
            let state = LINECALLSTATE_RINGBACK as usize;
            wait("RINGBACK", |t| {
                t.events.iter().find(|e| e.1 == 40 + at && e.2 == LINE_CALLSTATE && e.3 == state).map(|_| ())
            });
        }
        host
    }
}

/// A parameter: what is good there, and so what is bad.
#[derive(Clone, Copy, Debug)]
enum A {
    Request,
    Line,
    /// The line without a call.
    Free,
    Call,
    /// A call of the same line, or none.
    ItsCall,
    /// A second call on the first one's line: there is none, so all are bad.
    Other,
    /// The call of a function that has its own error for it.
    Conference,
    Device,
    Address,
    Version,
    CapsVersion,
    Extension,
    /// A place for an answer, and whether it may be null.
    Out,
    MayOut,
    /// An output structure with this fixed part.
    Structure(usize),
    Params,
    Forwards,
    /// A text that may be null, and the error of one that is none.
    Text(LineErr),
    /// A text that is there, and whether it must be.
    Words(LineErr, bool),
    /// An address that must be there.
    Target,
    /// A device class, and whether it may be null.
    Class,
    MayClass,
    /// A callback that must be there.
    Event,
    /// Any number will do.
    Any(usize),
    /// A number, and the bad ones with their error.
    Number(usize, &'static [usize], LineErr),
    /// A block of zeros that is long enough, and must be there.
    Block,
    /// One that may be null.
    MayBlock,
}

use A::*;

const MODE: LineErr = LineErr::INVALMEDIAMODE;

/// The parameters of every operation that is not always refused.
fn table() -> Vec<(&'static str, Vec<A>)> {
    use LineErr as E;
    let media = Number(4, &[1, 0x1_0000, 0x8000_0000], MODE);
    let country = Number(0, &[1_000, 0xffff_ffff], E::INVALCOUNTRYCODE);
    let select = Number(1, &[0, 3, 8, 16, 0xffff_ffff], E::INVALCALLSELECT);
    let nothing = Number(0, &[1, 16, TOO_LONG, 0xffff_ffff], E::INVALPOINTER);
    let many = |wrong| Number(0, &[0x8000, 0xffff_ffff], wrong);
    vec![
        (
            "TSPI_lineNegotiateTSPIVersion",
            vec![
                Device,
                Number(0x2_0000, &[0x2_0003, 0x3_0000], E::INCOMPATIBLEAPIVERSION),
                Number(VERSION, &[0, 0x1_0004], E::INCOMPATIBLEAPIVERSION),
                Out,
            ],
        ),
        (
            "TSPI_lineNegotiateExtVersion",
            vec![
                Device,
                Version,
                Number(0, &[0x1_0001, 0xffff_ffff], E::INCOMPATIBLEEXTVERSION),
                Number(0x1_0000, &[0, 0xffff], E::INCOMPATIBLEEXTVERSION),
                Out,
            ],
        ),
        ("TSPI_lineGetExtensionID", vec![Device, Version, Out]),
        ("TSPI_lineSelectExtVersion", vec![Line, Extension]),
        ("TSPI_lineGetDevCaps", vec![Device, CapsVersion, Extension, Structure(268)]),
        ("TSPI_lineOpen", vec![Device, Any(9), Out, Version, Event]),
        ("TSPI_lineClose", vec![Line]),
        ("TSPI_lineGetLineDevStatus", vec![Line, Structure(88)]),
        ("TSPI_lineSetLineDevStatus", vec![Request, Line, Number(1, &[0, 0x10, 0xffff_ffff], E::INVALPARAM), Any(1)]),
        (
            "TSPI_lineSetStatusMessages",
            vec![
                Line,
                Number(0, &[0x200_0000, 0x8000_0000], E::INVALLINESTATE),
                Number(0, &[0x200, 0x8000_0000], E::INVALADDRESSSTATE),
            ],
        ),
        ("TSPI_lineSetDefaultMediaDetection", vec![Line, media]),
        ("TSPI_lineConditionalMediaDetection", vec![Free, media, Params]),
        ("TSPI_lineGetNumAddressIDs", vec![Line, Out]),
        (
            "TSPI_lineGetAddressID",
            vec![
                Line,
                Out,
                Number(2, &[0, 1, 3, 4], E::INVALADDRESSMODE),
                Block,
                Number(16, &[0, 15, 16, TOO_LONG, 0xffff_ffff], E::INVALADDRESS),
            ],
        ),
        ("TSPI_lineGetAddressCaps", vec![Device, Address, CapsVersion, Extension, Structure(228)]),
        ("TSPI_lineGetAddressStatus", vec![Line, Address, Structure(64)]),
        ("TSPI_lineMakeCall", vec![Request, Free, Any(9), Out, Text(E::INVALADDRESS), country, Params]),
        ("TSPI_lineDial", vec![Request, Call, Words(E::INVALADDRESS, true), country]),
        ("TSPI_lineAccept", vec![Request, Call, Any(0), nothing]),
        ("TSPI_lineAnswer", vec![Request, Call, Any(0), nothing]),
        ("TSPI_lineDrop", vec![Request, Call, Any(0), nothing]),
        ("TSPI_lineRedirect", vec![Request, Call, Target, Any(0)]),
        ("TSPI_lineCloseCall", vec![Call]),
        ("TSPI_lineSecureCall", vec![Request, Call]),
        (
            "TSPI_lineSetCallParams",
            vec![Request, Call, Number(1, &[0, 3, 0x100], E::INVALBEARERMODE), Any(0), Any(0), MayBlock],
        ),
        ("TSPI_lineReleaseUserUserInfo", vec![Request, Call]),
        ("TSPI_lineHold", vec![Request, Call]),
        ("TSPI_lineUnhold", vec![Request, Call]),
        ("TSPI_lineSwapHold", vec![Request, Call, Other]),
        ("TSPI_lineBlindTransfer", vec![Request, Call, Target, Any(0)]),
        ("TSPI_lineSetupTransfer", vec![Request, Call, Any(9), Out, Params]),
        ("TSPI_lineCompleteTransfer", vec![Request, Call, Other, Any(9), MayOut, Any(1)]),
        ("TSPI_lineSetupConference", vec![Request, Call, Any(0), Any(9), Out, Any(10), Out, Any(3), Params]),
        ("TSPI_linePrepareAddToConference", vec![Request, Conference, Any(9), Out, Params]),
        ("TSPI_lineAddToConference", vec![Request, Call, Other]),
        ("TSPI_lineRemoveFromConference", vec![Request, Call]),
        ("TSPI_lineForward", vec![Request, Free, Any(0), Address, Forwards, Any(0), Any(0), MayOut, Params]),
        ("TSPI_linePickup", vec![Request, Free, Address, Any(9), Out, Text(E::INVALADDRESS), Text(E::INVALGROUPID)]),
        (
            "TSPI_linePark",
            vec![Request, Call, Number(2, &[0, 3, 4, 0xffff_ffff], E::INVALPARKMODE), Any(0), Structure(24)],
        ),
        ("TSPI_linePark", vec![Request, Call, Any(1), Target, Any(0)]),
        ("TSPI_lineUnpark", vec![Request, Free, Address, Any(9), Out, Target]),
        (
            "TSPI_lineCompleteCall",
            vec![Request, Call, Out, Number(2, &[0, 3, 0x10, 0xffff_ffff], E::INVALCALLCOMPLMODE), Any(0)],
        ),
        ("TSPI_lineUncompleteCall", vec![Request, Line, Any(0)]),
        ("TSPI_lineMonitorDigits", vec![Call, Number(2, &[8, 0xffff_ffff], E::INVALDIGITMODE)]),
        (
            "TSPI_lineGatherDigits",
            vec![
                Call,
                Any(1),
                Number(2, &[8, 0xffff_ffff], E::INVALDIGITMODE),
                MayBlock,
                Number(4, &[0], E::INVALPARAM),
                Text(E::INVALDIGITS),
                Number(0, &[3_600_001, 0xffff_ffff], E::INVALTIMEOUT),
                Number(0, &[3_600_001, 0xffff_ffff], E::INVALTIMEOUT),
            ],
        ),
        (
            "TSPI_lineGenerateDigits",
            vec![
                Call,
                Any(1),
                Number(2, &[0, 3, 4, 0xffff_ffff], E::INVALDIGITMODE),
                Words(E::INVALDIGITS, false),
                Any(0),
            ],
        ),
        (
            "TSPI_lineGenerateTone",
            vec![
                Call,
                Any(1),
                Number(1, &[3, 0x20, 0xffff_ffff], E::INVALTONEMODE),
                Any(0),
                Number(1, &[0, 5, 0xffff_ffff], E::INVALTONE),
                Block,
            ],
        ),
        ("TSPI_lineMonitorTones", vec![Call, Any(1), MayBlock, many(E::INVALTONE)]),
        ("TSPI_lineMonitorMedia", vec![Call, media]),
        (
            "TSPI_lineSetMediaControl",
            vec![
                Line,
                Any(0),
                Any(0),
                select,
                MayBlock,
                many(E::INVALDIGITLIST),
                MayBlock,
                many(E::INVALMEDIALIST),
                MayBlock,
                many(E::INVALTONELIST),
                MayBlock,
                many(E::INVALCALLSTATELIST),
            ],
        ),
        (
            "TSPI_lineSetMediaControl",
            vec![
                Line,
                Address,
                Any(0),
                Any(2),
                MayBlock,
                Number(0, &[1], E::INVALDIGITLIST),
                MayBlock,
                Number(0, &[1], E::INVALMEDIALIST),
                MayBlock,
                Number(0, &[1], E::INVALTONELIST),
                MayBlock,
                Number(0, &[1], E::INVALCALLSTATELIST),
            ],
        ),
        (
            "TSPI_lineSetMediaControl",
            vec![Any(0), Any(0), Call, Any(4), Any(0), Any(0), Any(0), Any(0), Any(0), Any(0), Any(0), Any(0)],
        ),
        ("TSPI_lineSetMediaMode", vec![Call, Number(4, &[0, 1, 0xc, 0x1_0000], MODE)]),
        (
            "TSPI_lineSetTerminal",
            vec![
                Request,
                Line,
                Any(0),
                Any(0),
                select,
                Number(1, &[0, 0x100, 0xffff_ffff], E::INVALTERMINALMODE),
                Any(0),
                Any(1),
            ],
        ),
        ("TSPI_lineSetTerminal", vec![Request, Line, Address, Any(0), Any(2), Any(1), Any(0), Any(1)]),
        ("TSPI_lineSetTerminal", vec![Request, Any(0), Any(0), Call, Any(4), Any(1), Any(0), Any(1)]),
        ("TSPI_lineGetCallInfo", vec![Call, Structure(324)]),
        ("TSPI_lineGetCallStatus", vec![Call, Structure(56)]),
        ("TSPI_lineGetCallAddressID", vec![Call, Out]),
        ("TSPI_lineSetAppSpecific", vec![Call, Any(1)]),
        ("TSPI_lineSetCallData", vec![Request, Call, MayBlock, Number(4, &[TOO_LONG, 0xffff_ffff], E::INVALPARAM)]),
        ("TSPI_lineSetCallData", vec![Request, Call, Any(0), nothing]),
        ("TSPI_lineSetCallTreatment", vec![Request, Call, Any(1)]),
        ("TSPI_lineGetID", vec![Line, Any(0), Any(0), select, Structure(24), Class, Any(0)]),
        ("TSPI_lineGetID", vec![Line, Address, Any(0), Any(2), Structure(24), Class, Any(0)]),
        ("TSPI_lineGetID", vec![Any(0), Any(0), Call, Any(4), Structure(24), Class, Any(0)]),
        ("TSPI_lineGetDevConfig", vec![Device, Structure(24), Class]),
        (
            "TSPI_lineSetDevConfig",
            vec![Device, Block, Number(12, &[0, 1, 12, 28, TOO_LONG, 0xffff_ffff], E::INVALPARAM), Class],
        ),
        ("TSPI_lineGetIcon", vec![Device, MayClass, Out]),
        (
            "TSPI_lineDevSpecific",
            vec![Request, Line, Address, ItsCall, Block, Number(64, &[0, 11], E::STRUCTURETOOSMALL)],
        ),
        (
            "TSPI_lineDevSpecific",
            vec![Request, Line, Any(0), Any(0), Block, Number(64, &[TOO_LONG, 0xffff_ffff], E::INVALPARAM)],
        ),
        (
            "TSPI_lineDevSpecificFeature",
            vec![Request, Line, Number(0x17, &[0x30, 0xffff_ffff], E::INVALFEATURE), Any(0), nothing],
        ),
    ]
}

/// What may be passed at a place: a number as it is, or bytes whose address is passed and which end at forbidden memory.
#[derive(Clone, Debug)]
enum Value {
    Plain(usize),
    Bytes(Vec<u8>),
}

use Value::{Bytes, Plain};

fn dwords(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|w| w.to_ne_bytes()).collect()
}

/// A structure with these members set.
fn structure(total: usize, length: usize, members: &[(usize, u32)]) -> Vec<u8> {
    let mut bytes = vec![0; length];
    for (at, value) in members.iter().chain(&[(0, total as u32)]) {
        bytes[*at..*at + 4].copy_from_slice(&value.to_ne_bytes());
    }
    bytes
}

impl Host {
    fn good(&self, parameter: A, scratch: usize) -> usize {
        match parameter {
            Request => 1,
            Line => self.lines[0],
            Free => self.lines[2],
            Call | Conference => self.calls[0],
            Other => self.calls[1],
            Device | Address | Extension | ItsCall => 0,
            Event => event_pointer(),
            Version | CapsVersion => VERSION,
            Out | MayOut | Structure(_) | Target | Words(..) | Class | Block | MayBlock => scratch,
            Params | Forwards | Text(_) | MayClass => 0,
            Any(value) | Number(value, ..) => value,
        }
    }

    fn bad(&self, parameter: A) -> Vec<(Value, LineErr)> {
        use LineErr as E;
        let plain = |values: &[usize], error| values.iter().map(|v| (Plain(*v), error)).collect::<Vec<_>>();
        let made_up = [0, 1, 0x4000_0000, 0x5000_0000, 0x4fff_ffff, 0x5fff_ffff, 0x1_4000_0001, usize::MAX];
        let [line, ..] = self.lines;
        let [call, other] = self.calls;
        let (no_lines, no_calls) =
            ([&made_up[..], &[call, self.closed_line]].concat(), [&made_up[..], &[line, self.closed_call]].concat());
        // What is no text: without end, and a half of a pair of surrogates.
        let endless = || [b'1', 0].repeat(LONGEST);
        let texts = |error| vec![(Bytes(endless()), error), (Bytes(vec![0, 0xd8, 0, 0]), error)];
        let null = (Plain(0), E::INVALPOINTER);
        match parameter {
            Request => plain(&[0, 0x8000_0000, 0xffff_ffff], E::INVALPARAM),
            Line | Free => plain(&no_lines, E::INVALLINEHANDLE),
            Call => plain(&no_calls, E::INVALCALLHANDLE),
            Other => plain(&[&no_calls[..], &[call, other]].concat(), E::INVALCALLHANDLE),
            ItsCall => plain(&[&no_calls[1..], &[other]].concat(), E::INVALCALLHANDLE),
            Conference => plain(&no_calls, E::INVALCONFCALLHANDLE),
            Device => plain(&[3, 7, 0xffff_fffe], E::BADDEVICEID),
            Address => plain(&[1, 0xffff_ffff], E::INVALADDRESSID),
            Version => plain(&[0, 0x1_0004, 0x3_0000, 0xffff_ffff], E::INCOMPATIBLEAPIVERSION),
            CapsVersion => plain(&[0, 0x1_0002, 0x3_0000, 0xffff_ffff], E::INCOMPATIBLEAPIVERSION),
            Extension => plain(&[1, 0x1_0001, 0xffff_ffff], E::INCOMPATIBLEEXTVERSION),
            Out | Block | Event => vec![null],
            MayOut | Any(_) | MayBlock => Vec::new(),
            Structure(fixed) => {
                let small = (4..fixed).map(|total| {
                    let block = structure(total, total, &[]);
                    (Bytes(block), E::STRUCTURETOOSMALL)
                });
                let tiny = (0..4).map(|total| (Bytes(structure(total, 4, &[])), E::STRUCTURETOOSMALL));
                small.chain(tiny).chain([null]).collect()
            }
            Params => {
                // Sizes that lie, with not a byte more than the size itself.
                let lies =
                    [0, 4, 175, TOO_LONG, 0xffff_ffff].map(|n| (Bytes(structure(n, 4, &[])), E::INVALCALLPARAMS));
                let pairs = [
                    offset_of!(LINECALLPARAMS, dwOrigAddressSize),
                    offset_of!(LINECALLPARAMS, dwDevSpecificSize),
                    offset_of!(LINECALLPARAMS, dwTargetAddressSize),
                    offset_of!(LINECALLPARAMS, dwCallingPartyIDSize),
                ];
                let outside = pairs.into_iter().flat_map(|pair| {
                    [(4, 0), (4, 172), (4, 181), (9, 176), (u32::MAX, 176), (4, u32::MAX), (u32::MAX, u32::MAX)].map(
                        |(size, offset)| {
                            (Bytes(structure(184, 184, &[(pair, size), (pair + 4, offset)])), E::INVALCALLPARAMS)
                        },
                    )
                });
                lies.into_iter().chain(outside).collect()
            }
            Forwards => {
                let list = |words: &[u32]| Bytes(dwords(words));
                vec![
                    (list(&[7, 0]), E::STRUCTURETOOSMALL),
                    (list(&[TOO_LONG as u32]), E::STRUCTURETOOSMALL),
                    (list(&[u32::MAX]), E::STRUCTURETOOSMALL),
                    (list(&[8, 1]), E::STRUCTURETOOSMALL),
                    (list(&[32, 2, 1, 0, 0, 0, 0, 0]), E::STRUCTURETOOSMALL),
                    (list(&[32, 0x0aaa_aaab, 1, 0, 0, 0, 0, 0]), E::STRUCTURETOOSMALL),
                    (list(&[32, 1, 3, 0, 0, 0, 0, 0]), E::INVALPARAM),
                    (list(&[32, 1, 0x4_0000, 0, 0, 0, 0, 0]), E::INVALPARAM),
                    (list(&[32, 1, 1, 0, 0, 0, 4, 30]), E::INVALPARAM),
                    (list(&[32, 1, 1, 0, 0, 0, 4, 32]), E::INVALPARAM),
                    (list(&[32, 1, 1, 0, 0, 0, u32::MAX, 8]), E::INVALPARAM),
                ]
            }
            Text(error) | Words(error, false) => texts(error),
            Words(error, true) => [texts(error), vec![null]].concat(),
            Target => [texts(E::INVALADDRESS), vec![null, (Bytes(wide("")), E::INVALADDRESS)]].concat(),
            Class | MayClass => {
                let wrong = ["", "tapi", "nonsense", "tapi/line/x"].map(|c| (Bytes(wide(c)), E::INVALDEVICECLASS));
                let must = if matches!(parameter, Class) { vec![null] } else { vec![] };
                [wrong.to_vec(), texts(E::INVALDEVICECLASS), must].concat()
            }
            Number(_, wrong, error) => plain(wrong, error),
        }
    }

    /// Every operation of the table with one bad argument at a time.
    fn bad_arguments(&self) -> usize {
        let (mut tried, mut wrong) = (0, Vec::new());
        let class = wide("tapi/line");
        for (name, parameters) in table() {
            for (place, parameter) in parameters.iter().enumerate() {
                for (value, error) in self.bad(*parameter) {
                    // Good memory for all others: a block of zeros that ends with a class or a target.
                    let mut scratch = vec![[0_u8; 512]; parameters.len()];
                    let mut arguments: Vec<usize> = Vec::new();
                    for (parameter, block) in parameters.iter().zip(&mut scratch) {
                        match parameter {
                            Structure(_) => block[..4].copy_from_slice(&512_u32.to_ne_bytes()),
                            Class => block[..class.len()].copy_from_slice(&class),
                            Target | Words(..) => block[..2].copy_from_slice(&[b'5', 0]),
                            _ => {}
                        }
                        arguments.push(self.good(*parameter, address(&mut block[..])));
                    }
                    let before = scratch.clone();
                    arguments[place] = match &value {
                        Plain(number) => *number,
                        Bytes(bytes) => self.memory.at_end(bytes),
                    };
                    let memory = self.memory.content();
                    let answer = self.call(name, &arguments);
                    let shown = match &value {
                        Bytes(bytes) if bytes.len() > 300 => format!("{} bytes", bytes.len()),
                        value => format!("{value:x?}"),
                    };
                    let told = LineErr::from_code(answer);
                    let at = || format!("{name}, argument {place} ({parameter:?}) is {shown}");
                    if told != Some(error) {
                        wrong.push(format!("{}: {answer:#x} {told:?}", at()));
                    }
                    if self.memory.content() != memory || scratch != before {
                        wrong.push(format!("{}: wrote although it failed", at()));
                    }
                    tried += 1;
                }
            }
        }
        assert!(wrong.is_empty(), "{wrong:#?}");
        tried
    }

    /// Settings of a line: shown in its capabilities, told to the host, kept when spoilt ones are refused.
    fn settings(&mut self) {
        let mut class = wide("TAPI/line");
        let class = address(&mut class[..]);
        let default_dial = |host: &Self| {
            let mut caps = vec![0_u32; 67];
            caps[0] = 268;
            host.ok("TSPI_lineGetDevCaps", &[0, VERSION, 0x1_0000, address(&mut caps[..])]);
            let at = offset_of!(LINEDEVCAPS, DefaultDialParams) / 4;
            (caps[at..at + 4].to_vec(), caps[offset_of!(LINEDEVCAPS, dwLineStates) / 4])
        };
        let (before, states) = default_dial(self);
        assert_ne!(states & LINEDEVSTATE_CONFIGCHANGE, 0);
        let read = |host: &Self| {
            let mut block = [0_u8; 256];
            block[0..4].copy_from_slice(&256_u32.to_ne_bytes());
            host.ok("TSPI_lineGetDevConfig", &[0, address(&mut block), class]);
            let word = |at: usize| u32::from_ne_bytes(block[at..at + 4].try_into().unwrap()) as usize;
            assert_eq!(word(12), STRINGFORMAT_BINARY as usize);
            block[word(20)..word(20) + word(16)].to_vec()
        };
        let original = read(self);
        let with = |pause: u32| {
            let mut changed = original.clone();
            changed[8..12].copy_from_slice(&pause.to_le_bytes());
            let body = changed.len() - 4;
            let sum = crc32(&changed[..body]);
            changed[body..].copy_from_slice(&sum.to_le_bytes());
            changed
        };
        let set = |host: &Self, block: &mut Vec<u8>| {
            host.call("TSPI_lineSetDevConfig", &[0, address(&mut block[..]), block.len(), class])
        };
        let mut changed = with(777);
        assert_eq!(set(self, &mut changed), 0);
        wait("CONFIGCHANGE", |t| {
            let what = (1, 0, LINE_LINEDEVSTATE, LINEDEVSTATE_CONFIGCHANGE as usize, 0);
            t.events.contains(&what).then_some(())
        });
        assert_eq!(read(self), changed);
        let after = default_dial(self).0;
        assert_eq!((after[0], &after[1..]), (777, &before[1..]));
        // A pause that no line has, a spoilt block, a wrong checksum, and a version that is still to come.
        let mut spoilt = changed.clone();
        spoilt[9] ^= 1;
        let mut sum = changed.clone();
        sum[24] ^= 1;
        let mut newer = changed.clone();
        newer[4] += 1;
        let checksum = crc32(&newer[..24]);
        newer[24..].copy_from_slice(&checksum.to_le_bytes());
        for wrong in [&mut with(99), &mut with(0x7fff_ffff), &mut spoilt, &mut sum, &mut newer] {
            assert_eq!(set(self, wrong), LineErr::INVALPARAM.code());
        }
        assert_eq!(read(self), changed);
        assert_eq!(set(self, &mut original.clone()), 0);
        assert_eq!(default_dial(self).0, before);
    }

    /// Device ids by class: what a line lists it has, in as much room as it takes and not less.
    fn device_ids(&self) {
        for (at, line) in self.lines.iter().enumerate() {
            let mut caps = vec![0_u32; 1024];
            caps[0] = 4096;
            self.ok("TSPI_lineGetDevCaps", &[at, VERSION, 0, address(&mut caps[..])]);
            let word = |offset: usize| caps[offset / 4] as usize;
            let (size, from) = (
                word(offset_of!(LINEDEVCAPS, dwDeviceClassesSize)),
                word(offset_of!(LINEDEVCAPS, dwDeviceClassesOffset)),
            );
            let bytes = dwords(&caps)[from..from + size].to_vec();
            let units: Vec<u16> = bytes.chunks(2).map(|b| u16::from_ne_bytes([b[0], b[1]])).collect();
            let names: Vec<String> =
                units.split(|u| *u == 0).filter(|n| !n.is_empty()).map(String::from_utf16_lossy).collect();
            assert!(names.iter().any(|n| n == "tapi/line"), "{names:?}");
            for name in names.iter().filter(|n| !n.starts_with("wave")) {
                let mut class = wide(&name.to_uppercase());
                let mut small = [24_u32, 0, 0, 0, 0, 0];
                let mut ask = |block: &mut [u32]| {
                    self.call("TSPI_lineGetID", &[*line, 0, 0, 1, address(block), address(&mut class[..]), 0])
                };
                assert_eq!(ask(&mut small), 0, "{name}");
                let needed = small[1] as usize;
                assert!(needed > 24 && small[2..] == [24, small[3], 0, 0], "{name} {small:?}");
                let mut whole = vec![0xffff_ffff_u32; 64];
                whole[0] = needed as u32;
                assert_eq!(ask(&mut whole), 0, "{name}");
                assert_eq!(whole[2] as usize, needed, "{name}");
                let data = dwords(&whole)[24..needed].to_vec();
                match name.as_str() {
                    "tapi/line" => assert_eq!(data, (at as u32).to_ne_bytes()),
                    "comm/datamodem/portname" => {
                        assert!(data.starts_with(b"/dev/") && data.ends_with(b"\0"), "{data:?}")
                    }
                    _ => {
                        let fd = i64::from_ne_bytes(data[..8].try_into().unwrap());
                        assert!(data[8..].starts_with(b"/dev/") && data.ends_with(b"\0"), "{data:?}");
                        // SAFETY: a descriptor that was handed out to this host, and is closed once.
                        let terminal = unsafe { libc::isatty(fd as i32) == 1 && libc::close(fd as i32) == 0 };
                        assert!(terminal, "{name} {fd}");
                    }
                }
            }
        }
    }

    /// Audio of a call: a socket for each direction, and none where there is no room to tell it.
    fn audio(&self) {
        let open = || std::fs::read_dir("/proc/self/fd").unwrap().count();
        for (at, call) in self.calls.iter().enumerate() {
            let ask = |name: &str, block: &mut [u32]| {
                let mut class = wide(name);
                self.call("TSPI_lineGetID", &[0, 0, *call, 4, address(block), address(&mut class[..]), 0])
            };
            for (name, sockets) in [("wave/in", 1), ("wave/out", 1), ("wave/in/out", 2)] {
                let before = open();
                let small = || {
                    let mut small = [24 + 4 * sockets - 1, 0, 0, 0, 0, 0, 0, 0];
                    (ask(name, &mut small), small[1], small[4])
                };
                if small().0 == LineErr::NODEVICE.code() {
                    assert_eq!(at, 0, "the FXO port has audio");
                    continue;
                }
                // Often, for threads of the provider open and close descriptors of their own meanwhile.
                for _ in 0..50 {
                    assert_eq!(small(), (0, 24 + 4 * sockets, 0), "{name}");
                }
                assert!(open() < before + 25, "nothing was opened for nothing");
                let mut block = [24 + 4 * sockets, 0, 0, 0, 0, 0, 0, 0];
                assert_eq!(ask(name, &mut block), 0, "{name}");
                assert_eq!((block[3], block[4]), (STRINGFORMAT_BINARY, 4 * sockets));
                for fd in &block[6..6 + sockets as usize] {
                    // SAFETY: a descriptor that was handed out to this host, and is closed once.
                    assert_eq!(unsafe { libc::close(*fd as i32) }, 0, "{name}");
                }
            }
        }
    }
}

/// CRC-32 (IEEE 802.3).
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 })
    })
}

#[test]
fn the_table_has_every_operation() {
    let table = table();
    let lifecycle = |name: &str| name.starts_with("TSPI_provider");
    for operation in OPERATIONS.iter().filter(|o| o.refused.is_none() && !lifecycle(o.name)) {
        let rows: Vec<_> = table.iter().filter(|(name, _)| *name == operation.name).collect();
        assert!(!rows.is_empty(), "{} is missing", operation.name);
        for (_, parameters) in rows {
            assert_eq!(parameters.len(), operation.parameters.len(), "{}", operation.name);
            assert_eq!(matches!(parameters[0], Request), operation.asynchronous, "{}", operation.name);
        }
    }
}

#[test]
fn bad_arguments_change_nothing() {
    let mut host = Host::start();
    let states = host.calls.map(|call| host.state(call));
    let tried = host.bad_arguments();
    assert!(tried > 1_000, "{tried}");
    assert_eq!(host.calls.map(|call| host.state(call)), states, "the calls are as they were");
    host.settings();
    host.device_ids();
    host.audio();
    for call in host.calls {
        host.done("TSPI_lineReleaseUserUserInfo", &[call]);
        let ask = |host: &mut Host, name, arguments: &[usize]| {
            host.ask(name, arguments).unwrap_or_else(|e| panic!("{name}: {e:?}"))
        };
        let mut open: Vec<u32> = (0..50).map(|_| ask(&mut host, "TSPI_lineReleaseUserUserInfo", &[call])).collect();
        open.push(ask(&mut host, "TSPI_lineDrop", &[call, 0, 0]));
        host.ok("TSPI_lineCloseCall", &[call]);
        let told = TOLD.lock().unwrap_or_else(PoisonError::into_inner);
        let completed = |request: &u32| told.completed.iter().any(|c| c.0 == *request);
        assert!(open.iter().all(completed), "what was open is complete when the call is closed");
    }
    for line in host.lines {
        host.ok("TSPI_lineClose", &[line]);
    }
    host.ok("TSPI_providerShutdown", &[VERSION, 1]);
    let told = TOLD.lock().unwrap_or_else(PoisonError::into_inner);
    let mut completed: Vec<u32> = told.completed.iter().map(|c| c.0).collect();
    completed.sort_unstable();
    assert_eq!(completed, host.accepted, "each accepted request completed once, and no other");
}
