//! Device classes: the devices that belong to a line or call, and icons.

use super::consts::*;
use super::raw::Pointer;
use super::session::{Session, call_handle, line_handle, session};
use super::types::{DWORD, HDRVCALL, HDRVLINE, HICON, VARSTRING, WCHAR};
use super::varbuf::VarBuf;
use crate::runtime::Direction;
use core::ffi::c_void;
use loopstart_provider::{CallHandle, DeviceId, LineErr};
use loopstart_signal::Caps;
use std::mem::offset_of;
use std::os::fd::{AsRawFd, IntoRawFd, OwnedFd};

/// A device class of the published interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    /// The line itself.
    Line,
    /// The modem's terminal: a descriptor and the name.
    Modem,
    /// The name alone.
    PortName,
    /// The audio of a call, one descriptor for each direction.
    Wave(&'static [Direction]),
    /// Published, and no line has such a device.
    None,
}

/// Every published class.
const CLASSES: [(&str, Class); 13] = [
    ("tapi/line", Class::Line),
    ("comm/datamodem", Class::Modem),
    ("comm/datamodem/dialin", Class::Modem),
    ("comm/datamodem/dialout", Class::Modem),
    ("comm/datamodem/portname", Class::PortName),
    ("wave/in", Class::Wave(&[Direction::FromLine])),
    ("wave/out", Class::Wave(&[Direction::ToLine])),
    ("wave/in/out", Class::Wave(&[Direction::FromLine, Direction::ToLine])),
    ("comm", Class::None),
    ("tapi/phone", Class::None),
    ("tapi/terminal", Class::None),
    ("midi/in", Class::None),
    ("midi/out", Class::None),
];

/// The class of this name, upper or lower case.
///
/// # Errors
/// `INVALPOINTER`, `INVALDEVICECLASS`.
pub(super) fn class(name: Pointer<WCHAR>) -> Result<Class, LineErr> {
    let name = name.required()?.text(LineErr::INVALDEVICECLASS)?.unwrap_or_default();
    let found = CLASSES.iter().find(|(n, _)| n.eq_ignore_ascii_case(&name));
    found.map(|(_, class)| *class).ok_or(LineErr::INVALDEVICECLASS)
}

/// The names of the classes that a line has devices of.
pub(super) fn classes(caps: Caps, has_terminal: bool) -> impl Iterator<Item = &'static str> {
    let has = move |class| match class {
        Class::Line => true,
        Class::Modem | Class::PortName => has_terminal,
        Class::Wave(_) => caps.contains(Caps::AUDIO),
        Class::None => false,
    };
    CLASSES.iter().filter(move |(_, class)| has(*class)).map(|(name, _)| *name)
}

/// Puts bytes into a string of the host's. When they do not fit only the size that is needed is told.
pub(super) fn put(mut answer: Pointer<VARSTRING>, format: DWORD, bytes: &[u8]) -> Result<(), LineErr> {
    let mut buf = VarBuf::new(answer.block()?, &VARSTRING::LAYOUT, VERSION_MAX, &[])?;
    buf.dword(offset_of!(VARSTRING, dwStringFormat), format);
    buf.part(offset_of!(VARSTRING, dwStringSize), bytes);
    buf.finish();
    Ok(())
}

/// What a host asks a device of.
struct Of {
    device: DeviceId,
    call: Option<CallHandle>,
}

pub(crate) fn id(
    line: HDRVLINE,
    address: DWORD,
    call: HDRVCALL,
    select: DWORD,
    answer: Pointer<VARSTRING>,
    name: Pointer<WCHAR>,
    _target_process: Pointer<c_void>,
) -> Result<(), LineErr> {
    let session = session()?;
    let of = match select {
        LINECALLSELECT_LINE | LINECALLSELECT_ADDRESS => {
            let line = line_handle(line)?;
            let device = session.query(|p| {
                let device = p.device_of_line(line)?;
                if select == LINECALLSELECT_ADDRESS {
                    p.address_status(line, address)?;
                }
                Ok(device)
            })?;
            Of { device, call: None }
        }
        LINECALLSELECT_CALL => {
            let call = call_handle(call)?;
            Of { device: session.query(|p| p.device_of_call(call))?, call: Some(call) }
        }
        _ => return Err(LineErr::INVALCALLSELECT),
    };
    let answer = answer.required()?;
    match class(name)? {
        Class::Line => put(answer, STRINGFORMAT_BINARY, &of.device.0.to_ne_bytes()),
        Class::Modem => {
            let (terminal, name) = session.runtime.tty(of.device).ok_or(LineErr::NODEVICE)?;
            put_terminal(answer, terminal, &name)
        }
        Class::PortName => {
            let (_, name) = session.runtime.tty(of.device).ok_or(LineErr::NODEVICE)?;
            put(answer, STRINGFORMAT_ASCII, &ascii(&name))
        }
        Class::Wave(directions) => audio(&session, &of, answer, directions),
        Class::None => Err(LineErr::NODEVICE),
    }
}

/// A name in 7-bit characters, with its NUL.
fn ascii(name: &str) -> Vec<u8> {
    name.bytes().filter(|b| b.is_ascii() && *b != 0).chain([0]).collect()
}

/// A descriptor in the place of a handle, sign-extended, and the name. The descriptor is the host's, once it was told.
fn put_terminal(mut answer: Pointer<VARSTRING>, terminal: OwnedFd, name: &str) -> Result<(), LineErr> {
    let handle = terminal.as_raw_fd() as isize;
    let bytes: Vec<u8> = handle.to_ne_bytes().into_iter().chain(ascii(name)).collect();
    let told = VarBuf::new(answer.block()?, &VARSTRING::LAYOUT, VERSION_MAX, &[])?.has_room(bytes.len());
    put(answer, STRINGFORMAT_BINARY, &bytes)?;
    if told {
        let _hosts = terminal.into_raw_fd();
    }
    Ok(())
}

/// One socket for each direction, as ints. Nothing is opened unless the host has room for the answer.
fn audio(session: &Session, of: &Of, mut answer: Pointer<VARSTRING>, directions: &[Direction]) -> Result<(), LineErr> {
    // A line as such has no audio: calls have.
    let call = of.call.ok_or(LineErr::NODEVICE)?;
    let size = directions.len() * size_of::<i32>();
    if !session.query(|p| p.device_caps(of.device))?.caps.contains(Caps::AUDIO) {
        return Err(LineErr::NODEVICE);
    }
    let fixed = VARSTRING::LAYOUT.fixed_size(VERSION_MAX);
    if answer.block()?.len() < fixed + size {
        // Tells the size, or that not even the fixed part has room.
        return put(answer, STRINGFORMAT_BINARY, &vec![0; size]);
    }
    let streams: Result<Vec<OwnedFd>, LineErr> = directions.iter().map(|d| session.runtime.audio(call, *d)).collect();
    let bytes: Vec<u8> = streams?.into_iter().flat_map(|stream| stream.into_raw_fd().to_ne_bytes()).collect();
    put(answer, STRINGFORMAT_BINARY, &bytes)
}

/// There are no icons here: none, and the host takes its own.
pub(crate) fn icon(device: DWORD, name: Pointer<WCHAR>, answer: Pointer<HICON>) -> Result<(), LineErr> {
    session()?.device(device)?;
    let answer = answer.required()?;
    if !name.is_null() {
        // Any published class will do; it is the name that must be one.
        class(name)?;
    }
    answer.put(std::ptr::null_mut());
    Ok(())
}

#[cfg(test)]
#[allow(unsafe_code)]
mod tests {
    use super::*;
    use crate::tspi::raw::Argument;
    use crate::tspi::wide;
    use std::io::Read;
    use std::os::fd::FromRawFd;

    fn class_of(name: &str) -> Result<Class, LineErr> {
        let bytes = wide::bytes_with_nul(name);
        // SAFETY: a NUL-terminated string that lives until the end of this function.
        class(unsafe { bytes.as_ptr().cast::<u16>().receive() })
    }

    #[test]
    fn names_of_classes() {
        assert_eq!(class_of("tapi/line"), Ok(Class::Line));
        assert_eq!(class_of("TAPI/Line"), Ok(Class::Line), "case does not matter");
        assert_eq!(class_of("tapi/phone"), Ok(Class::None));
        assert_eq!(class_of("Comm/DataModem/PortName"), Ok(Class::PortName));
        assert_eq!(class_of("WAVE/in"), Ok(Class::Wave(&[Direction::FromLine])));
        for name in ["", "tapi", "tapi/line ", "wave", "nonsense"] {
            assert_eq!(class_of(name), Err(LineErr::INVALDEVICECLASS), "{name}");
        }
    }

    #[test]
    fn a_line_names_what_it_has() {
        assert_eq!(classes(Caps::VOICE, false).collect::<Vec<_>>(), ["tapi/line"]);
        assert_eq!(classes(Caps::AUDIO, false).count(), 4);
        assert_eq!(classes(Caps::DATA, true).count(), 5);
        assert!(classes(Caps::all(), true).all(|name| !matches!(class_of(name), Ok(Class::None) | Err(_))));
    }

    /// A pipe with something in it: the end to be read can be handed out.
    fn readable() -> OwnedFd {
        let (reader, mut writer) = std::io::pipe().unwrap();
        std::io::Write::write_all(&mut writer, b"terminal").unwrap();
        reader.into()
    }

    #[test]
    fn a_terminal_is_the_hosts_when_it_was_told() {
        let mut block = [0_u32; 16];
        block[0] = 64;
        // SAFETY: the block lives until the end of this function and is as long as it says.
        let answer = unsafe { block.as_mut_ptr().cast::<VARSTRING>().receive() };
        put_terminal(answer, readable(), "/dev/ttyACM0").unwrap();
        assert_eq!((block[3], block[4], block[5]), (STRINGFORMAT_BINARY, 8 + 13, 24));
        let fd = i64::from_ne_bytes([block[6].to_ne_bytes(), block[7].to_ne_bytes()].concat().try_into().unwrap());
        // SAFETY: the descriptor that was handed out, and no one else has.
        let mut host = std::fs::File::from(unsafe { OwnedFd::from_raw_fd(i32::try_from(fd).unwrap()) });
        let mut text = String::new();
        host.read_to_string(&mut text).unwrap();
        assert_eq!(text, "terminal");
        let name: Vec<u8> = block[8..].iter().flat_map(|w| w.to_ne_bytes()).take(13).collect();
        assert_eq!(name, b"/dev/ttyACM0\0");
    }

    #[test]
    fn a_terminal_that_has_no_room_is_closed() {
        for total in [24_u32, 24 + 20] {
            let mut block = [0_u32; 16];
            block[0] = total;
            // SAFETY: as above.
            let answer = unsafe { block.as_mut_ptr().cast::<VARSTRING>().receive() };
            let (mut reader, writer) = std::io::pipe().unwrap();
            put_terminal(answer, writer.into(), "/dev/ttyACM0").unwrap();
            assert_eq!((block[1], block[2], block[4], block[5]), (24 + 8 + 13, 24, 0, 0));
            let mut rest = Vec::new();
            reader.read_to_end(&mut rest).unwrap();
            assert_eq!(rest, b"", "nobody has the other end any more");
        }
    }
}
