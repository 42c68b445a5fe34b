//! The settings of a line that a host may store and give back (TSPI_lineGetDevConfig, TSPI_lineSetDevConfig).

use super::ids::{Class, class};
use super::raw::Pointer;
use super::session::{Session, session};
use super::types::{DWORD, VARSTRING, WCHAR};
use core::ffi::c_void;
use loopstart_provider::{CallParams, DeviceId, DialParams, LineErr, LineState, Notification};
use std::time::Duration;

/// Settings of a line. As bytes: a mark, the version of the format, the length of the settings, the settings, and a
/// checksum over all that; numbers are little-endian, so that a block may go from machine to machine.
///
/// Version 1 had no settings. Version 2 has the default dial parameters. All else about a line (its number, its switch
/// plan) is read from the configuration file when the provider starts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct DeviceConfig {
    /// Dial parameters of calls that give none themselves. Zero: the line's own.
    pub(crate) dial: DialParams,
}

impl DeviceConfig {
    const MARK: [u8; 4] = *b"LSdc";

    pub(crate) fn to_bytes(self) -> Vec<u8> {
        let mut bytes = Self::MARK.to_vec();
        bytes.extend(2_u16.to_le_bytes());
        bytes.extend(16_u16.to_le_bytes());
        for value in [self.dial.pause, self.dial.speed, self.dial.digit, self.dial.wait_for_dialtone] {
            bytes.extend(u32::try_from(value.as_millis()).unwrap_or(u32::MAX).to_le_bytes());
        }
        let sum = checksum(&bytes);
        bytes.extend(sum.to_le_bytes());
        bytes
    }

    /// # Errors
    /// `INVALPARAM`: these bytes are none of ours, or spoilt.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Self, LineErr> {
        Self::parse(bytes).ok_or(LineErr::INVALPARAM)
    }

    fn parse(bytes: &[u8]) -> Option<Self> {
        let (body, sum) = bytes.split_last_chunk::<4>()?;
        let (mark, rest) = body.split_first_chunk::<4>()?;
        let (version, rest) = rest.split_first_chunk::<2>()?;
        let (length, settings) = rest.split_first_chunk::<2>()?;
        let whole = usize::from(u16::from_le_bytes(*length)) == settings.len();
        if *mark != Self::MARK || u32::from_le_bytes(*sum) != checksum(body) || !whole {
            return None;
        }
        let (words, odd) = settings.as_chunks::<4>();
        match (u16::from_le_bytes(*version), words, odd) {
            (1, [], []) => Some(Self::default()),
            (2, [pause, speed, digit, wait], []) => {
                let ms = |bytes: &[u8; 4]| Duration::from_millis(u32::from_le_bytes(*bytes).into());
                let (pause, speed, digit, wait_for_dialtone) = (ms(pause), ms(speed), ms(digit), ms(wait));
                Some(Self { dial: DialParams { pause, speed, digit, wait_for_dialtone } })
            }
            _ => None,
        }
    }

    /// Whether lines have settings under this name of a device class.
    pub(crate) fn has_class(name: &str) -> bool {
        name.eq_ignore_ascii_case("tapi/line")
    }

    /// These dial parameters, with what they leave open.
    pub(crate) fn fill(&self, given: DialParams) -> DialParams {
        let or = |given: Duration, own: Duration| if given.is_zero() { own } else { given };
        DialParams {
            pause: or(given.pause, self.dial.pause),
            speed: or(given.speed, self.dial.speed),
            digit: or(given.digit, self.dial.digit),
            wait_for_dialtone: or(given.wait_for_dialtone, self.dial.wait_for_dialtone),
        }
    }

    /// Whether each is open or within the limits.
    fn is_within(&self, least: &DialParams, greatest: &DialParams) -> bool {
        let of = |p: &DialParams| [p.pause, p.speed, p.digit, p.wait_for_dialtone];
        let limits = of(least).into_iter().zip(of(greatest));
        of(&self.dial)
            .into_iter()
            .zip(limits)
            .all(|(value, (low, high))| value.is_zero() || (low..=high).contains(&value))
    }
}

impl Session {
    /// The parameters of a call on a device, with the line's settings in what they leave open.
    pub(crate) fn with_settings(&self, device: DeviceId, mut params: CallParams) -> CallParams {
        params.dial = self.settings(device).fill(params.dial);
        params
    }
}

/// CRC-32 as Ethernet has it (IEEE 802.3), bit by bit: the blocks are short.
fn checksum(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 })
    })
}

/// Settings exist for the line itself alone.
fn config_class(name: Pointer<WCHAR>) -> Result<(), LineErr> {
    if class(name)? == Class::Line { Ok(()) } else { Err(LineErr::INVALDEVICECLASS) }
}

pub(crate) fn dev_config(device: DWORD, answer: Pointer<VARSTRING>, name: Pointer<WCHAR>) -> Result<(), LineErr> {
    let session = session()?;
    let device = session.device(device)?;
    let answer = answer.required()?;
    config_class(name)?;
    super::ids::put(answer, super::consts::STRINGFORMAT_BINARY, &session.settings(device).to_bytes())
}

pub(crate) fn set_dev_config(
    device: DWORD,
    config: Pointer<c_void>,
    size: DWORD,
    name: Pointer<WCHAR>,
) -> Result<(), LineErr> {
    let session = session()?;
    let device = session.device(device)?;
    let config = config.required()?;
    config_class(name)?;
    let settings = DeviceConfig::from_bytes(&config.bytes(size as usize, LineErr::INVALPARAM)?)?;
    let caps = session.query(|p| p.device_caps(device))?;
    if !settings.is_within(&caps.min_dial, &caps.max_dial) {
        return Err(LineErr::INVALPARAM);
    }
    if session.replace_settings(device, settings) {
        announce(&session, device);
    }
    Ok(())
}

/// Tells a host that has the line open, and wants to hear of it, that its settings changed.
fn announce(session: &Session, device: DeviceId) {
    let Some(open) = session.host.open_on(device) else { return };
    if open.line_states & super::consts::LINEDEVSTATE_CONFIGCHANGE != 0 {
        let (host_line, line, state) = (open.host, open.line, LineState::ConfigChange);
        session.runtime.tell(line, Notification::LineState { host_line, line, state });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(n: u64) -> Duration {
        Duration::from_millis(n)
    }

    fn some() -> DeviceConfig {
        DeviceConfig { dial: DialParams { pause: ms(1500), speed: ms(0), digit: ms(70), wait_for_dialtone: ms(9000) } }
    }

    #[test]
    fn the_checksum_is_the_known_one() {
        assert_eq!(checksum(b"123456789"), 0xcbf4_3926);
    }

    #[test]
    fn settings_come_back_or_are_refused() {
        for settings in [DeviceConfig::default(), some()] {
            let bytes = settings.to_bytes();
            assert_eq!(DeviceConfig::from_bytes(&bytes), Ok(settings));
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

    #[test]
    fn a_block_of_the_first_version_is_taken() {
        let mut bytes = b"LSdc\x01\0\0\0".to_vec();
        let sum = checksum(&bytes);
        bytes.extend(sum.to_le_bytes());
        assert_eq!(DeviceConfig::from_bytes(&bytes), Ok(DeviceConfig::default()));
        // A version that is still to come is not understood.
        let mut newer = some().to_bytes();
        newer[4] = 3;
        let body = newer.len() - 4;
        let sum = checksum(&newer[..body]);
        newer[body..].copy_from_slice(&sum.to_le_bytes());
        assert_eq!(DeviceConfig::from_bytes(&newer), Err(LineErr::INVALPARAM));
    }

    #[test]
    fn settings_fill_what_a_call_leaves_open() {
        let given = DialParams { pause: ms(100), ..DialParams::default() };
        let filled = some().fill(given);
        assert_eq!((filled.pause, filled.speed, filled.digit), (ms(100), ms(0), ms(70)));
        assert_eq!(DeviceConfig::default().fill(given), given);
    }

    #[test]
    fn settings_are_within_the_limits_of_the_line() {
        let all = |n| DialParams { pause: ms(n), speed: ms(n), digit: ms(n), wait_for_dialtone: ms(n) };
        assert!(some().is_within(&all(50), &all(10_000)), "what is open is within any limits");
        assert!(!some().is_within(&all(71), &all(10_000)));
        assert!(!some().is_within(&all(50), &all(8_999)));
    }
}
