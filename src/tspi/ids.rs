//! Device classes: ids, icons, and the configuration of a line as a block of bytes.

use super::caps::CLASSES;
use super::consts::*;
use super::raw::Pointer;
use super::session::{call_handle, line_handle, session};
use super::types::{DWORD, HDRVCALL, HDRVLINE, HICON, VARSTRING, WCHAR};
use super::varbuf::VarBuf;
use core::ffi::c_void;
use loopstart_provider::LineErr;
use std::mem::offset_of;

/// Class names of the published interface that a line here has no device of.
const WITHOUT_DEVICE: [&str; 12] = [
    "tapi/phone",
    "tapi/terminal",
    "comm",
    "comm/datamodem",
    "comm/datamodem/dialin",
    "comm/datamodem/dialout",
    "comm/datamodem/portname",
    "wave/in",
    "wave/out",
    "wave/in/out",
    "midi/in",
    "midi/out",
];

/// A device class: one that is answered (its name), or the error.
fn class(name: Pointer<WCHAR>) -> Result<&'static str, LineErr> {
    let name = name.required()?.text(LineErr::INVALDEVICECLASS)?.unwrap_or_default();
    let among = |names: &[&'static str]| names.iter().copied().find(|n| n.eq_ignore_ascii_case(&name));
    match among(&CLASSES) {
        Some(class) => Ok(class),
        None if among(&WITHOUT_DEVICE).is_some() => Err(LineErr::NODEVICE),
        None => Err(LineErr::INVALDEVICECLASS),
    }
}

fn put_bytes(mut answer: Pointer<VARSTRING>, bytes: &[u8]) -> Result<(), LineErr> {
    let mut buf = VarBuf::new(answer.block()?, &VARSTRING::LAYOUT, VERSION_MAX, &[])?;
    buf.dword(offset_of!(VARSTRING, dwStringFormat), STRINGFORMAT_BINARY);
    buf.part(offset_of!(VARSTRING, dwStringSize), bytes);
    buf.finish();
    Ok(())
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
    let device = match select {
        LINECALLSELECT_LINE | LINECALLSELECT_ADDRESS => {
            let line = line_handle(line)?;
            session.query(|p| {
                let device = p.device_of_line(line)?;
                if select == LINECALLSELECT_ADDRESS {
                    p.address_status(line, address)?;
                }
                Ok(device)
            })?
        }
        LINECALLSELECT_CALL => {
            let call = call_handle(call)?;
            session.query(|p| p.device_of_call(call))?
        }
        _ => return Err(LineErr::INVALCALLSELECT),
    };
    let answer = answer.required()?;
    class(name)?;
    put_bytes(answer, &device.0.to_ne_bytes())
}

/// There are no icons here: none, and the host takes its own.
pub(crate) fn icon(device: DWORD, name: Pointer<WCHAR>, answer: Pointer<HICON>) -> Result<(), LineErr> {
    session()?.device(device)?;
    let answer = answer.required()?;
    if !name.is_null() {
        // Any published class will do; it is the name that must be one.
        class(name).map(|_| ()).or_else(|e| if e == LineErr::NODEVICE { Ok(()) } else { Err(e) })?;
    }
    answer.put(std::ptr::null_mut());
    Ok(())
}

pub(crate) fn dev_config(device: DWORD, answer: Pointer<VARSTRING>, name: Pointer<WCHAR>) -> Result<(), LineErr> {
    session()?.device(device)?;
    let answer = answer.required()?;
    config_class(name)?;
    put_bytes(answer, &DeviceConfig {}.to_bytes())
}

pub(crate) fn set_dev_config(
    device: DWORD,
    config: Pointer<c_void>,
    size: DWORD,
    name: Pointer<WCHAR>,
) -> Result<(), LineErr> {
    session()?.device(device)?;
    let config = config.required()?;
    config_class(name)?;
    // There is no setting yet, so restoring one changes nothing and is not announced.
    DeviceConfig::from_bytes(&config.bytes(size as usize, LineErr::INVALPARAM)?).map(|_| ())
}

/// Configuration exists for lines alone.
fn config_class(name: Pointer<WCHAR>) -> Result<(), LineErr> {
    class(name).map(|_| ()).map_err(|e| if e == LineErr::NODEVICE { LineErr::INVALDEVICECLASS } else { e })
}

/// What a host may store and give back: a mark, the version of the format, the length of the settings, the settings, and
/// a checksum over all that. Version 1 has no settings: everything about a line is in the configuration file.
#[derive(Debug, PartialEq, Eq)]
struct DeviceConfig {}

impl DeviceConfig {
    const MARK: [u8; 4] = *b"LSdc";
    const VERSION: u16 = 1;

    fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Self::MARK.to_vec();
        bytes.extend(Self::VERSION.to_le_bytes());
        bytes.extend(0_u16.to_le_bytes());
        let sum = checksum(&bytes);
        bytes.extend(sum.to_le_bytes());
        bytes
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, LineErr> {
        let (body, sum) = bytes.split_last_chunk::<4>().ok_or(LineErr::INVALPARAM)?;
        let (mark, body_rest) = body.split_first_chunk::<4>().ok_or(LineErr::INVALPARAM)?;
        let wanted = [Self::VERSION.to_le_bytes(), 0_u16.to_le_bytes()].concat();
        if *mark != Self::MARK || body_rest != wanted || u32::from_le_bytes(*sum) != checksum(body) {
            return Err(LineErr::INVALPARAM);
        }
        Ok(Self {})
    }
}

/// CRC-32 as Ethernet has it (IEEE 802.3), bit by bit: the blocks are short.
fn checksum(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 })
    })
}

#[cfg(test)]
#[allow(unsafe_code)]
mod tests {
    use super::*;
    use crate::tspi::raw::Argument;
    use crate::tspi::wide;

    fn class_of(name: &str) -> Result<&'static str, LineErr> {
        let bytes = wide::bytes_with_nul(name);
        // SAFETY: a NUL-terminated string that lives until the end of this function.
        class(unsafe { bytes.as_ptr().cast::<u16>().receive() })
    }

    #[test]
    fn classes() {
        assert_eq!(class_of("tapi/line"), Ok("tapi/line"));
        assert_eq!(class_of("TAPI/Line"), Ok("tapi/line"), "case does not matter");
        assert_eq!(class_of("tapi/phone"), Err(LineErr::NODEVICE));
        assert_eq!(class_of("Comm/DataModem/PortName"), Err(LineErr::NODEVICE));
        for name in ["", "tapi", "tapi/line ", "nonsense"] {
            assert_eq!(class_of(name), Err(LineErr::INVALDEVICECLASS), "{name}");
        }
    }

    #[test]
    fn the_checksum_is_the_known_one() {
        assert_eq!(checksum(b"123456789"), 0xcbf4_3926);
    }

    #[test]
    fn a_configuration_comes_back_or_is_refused() {
        let bytes = DeviceConfig {}.to_bytes();
        assert_eq!(DeviceConfig::from_bytes(&bytes), Ok(DeviceConfig {}));
        for length in 0..bytes.len() {
            assert!(DeviceConfig::from_bytes(&bytes[..length]).is_err(), "cut to {length}");
        }
        for at in 0..bytes.len() {
            for bit in 0..8 {
                let mut wrong = bytes.clone();
                wrong[at] ^= 1 << bit;
                assert_eq!(DeviceConfig::from_bytes(&wrong), Err(LineErr::INVALPARAM), "byte {at} bit {bit}");
            }
        }
        assert!(DeviceConfig::from_bytes(&[bytes, vec![0]].concat()).is_err());
    }
}
