//! The extension of this provider: what analog lines can tell beyond the published interface, and the hook flash as a key.
//!
//! `docs/devspecific.md` describes it for hosts.

use super::call::{alive, command};
use super::consts::PHONEBUTTONFUNCTION_FLASH;
use super::line::is_one_of;
use super::raw::{MAX_BLOCK, Pointer};
use super::services::has_address;
use super::session::{Session, check_version, session};
use super::types::{DWORD, HDRVCALL, HDRVLINE, LINEEXTENSIONID};
use core::ffi::c_void;
use loopstart_hal::drivers::gauge::{LoopBits, LoopState, RawCallerId};
use loopstart_provider::{CallHandle, Command, LineErr, LineFeatures, LineHandle, RequestId};
use loopstart_signal::Caps;

/// Names the extension.
pub(super) const EXTENSION: LINEEXTENSIONID = LINEEXTENSIONID {
    dwExtensionID0: 0x8e3c_51d7,
    dwExtensionID1: 0x4f0a_4b26,
    dwExtensionID2: 0x9d71_c3e8,
    dwExtensionID3: 0x2a65_f01b,
};

/// The one version of the extension, 1.0.
pub(super) const EXTENSION_VERSION: DWORD = 0x0001_0000;

/// What a line offers of this: questions always, the key where the device can flash.
pub(super) fn features(caps: Caps) -> LineFeatures {
    let flash = if caps.contains(Caps::FLASH) { LineFeatures::DEV_SPECIFIC_FEATURE } else { LineFeatures::empty() };
    LineFeatures::DEV_SPECIFIC | flash
}

/// What of it can be done now: there is nothing to flash without a call.
pub(super) fn features_now(caps: Caps, active_calls: u32) -> LineFeatures {
    if active_calls > 0 { features(caps) } else { LineFeatures::DEV_SPECIFIC }
}

/// Whether a structure can be asked for with this version of the extension; 0 is none of it.
pub(super) fn check_extension(version: DWORD) -> Result<(), LineErr> {
    if version == 0 || version == EXTENSION_VERSION { Ok(()) } else { Err(LineErr::INCOMPATIBLEEXTVERSION) }
}

pub(crate) fn negotiate_ext_version(
    device: DWORD,
    version: DWORD,
    low: DWORD,
    high: DWORD,
    answer: Pointer<DWORD>,
) -> Result<(), LineErr> {
    session()?.device(device)?;
    let answer = answer.required()?;
    check_version(version)?;
    if !(low..=high).contains(&EXTENSION_VERSION) {
        return Err(LineErr::INCOMPATIBLEEXTVERSION);
    }
    answer.put(EXTENSION_VERSION);
    Ok(())
}

pub(crate) fn extension_id(device: DWORD, version: DWORD, answer: Pointer<LINEEXTENSIONID>) -> Result<(), LineErr> {
    session()?.device(device)?;
    let answer = answer.required()?;
    check_version(version)?;
    answer.put(EXTENSION);
    Ok(())
}

pub(crate) fn select_ext_version(line: HDRVLINE, version: DWORD) -> Result<(), LineErr> {
    let session = session()?;
    let line = session.line(line)?;
    check_extension(version)?;
    session.host.select_extension(line, version);
    Ok(())
}

/// Bytes before the answer in a block: the question, the size that is needed, the size that was used.
const HEAD: usize = 12;

/// Bits of the answer to [`Question::Loop`].
mod bits {
    pub(super) const BATTERY: u32 = 1;
    pub(super) const REVERSED: u32 = 2;
    pub(super) const IN_SERVICE: u32 = 4;
    pub(super) const OFF_HOOK: u32 = 8;
}

/// What can be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Question {
    /// The state of the loop: which bits are known, and the bits.
    Loop,
    /// Samples of the line's audio that slow readers lost.
    AudioLost,
    /// The last frame of caller identification, as it came.
    CallerIdFrame,
    /// Levels on the line.
    Levels,
}

impl Question {
    fn new(number: DWORD) -> Option<Self> {
        Some(match number {
            1 => Self::Loop,
            2 => Self::AudioLost,
            3 => Self::CallerIdFrame,
            4 => Self::Levels,
            _ => return None,
        })
    }

    fn answer(self, session: &Session, line: LineHandle) -> Result<Vec<u8>, LineErr> {
        match self {
            Self::Loop => {
                let status = session.query(|p| p.line_status(line))?;
                let state = session.runtime.gauge(status.device).map(|gauge| gauge.loop_state()).unwrap_or_default();
                Ok(words(loop_words(state, status.in_service)))
            }
            Self::AudioLost => {
                let device = session.query(|p| p.device_of_line(line))?;
                Ok(session.runtime.audio_lost(device).to_ne_bytes().to_vec())
            }
            Self::CallerIdFrame => {
                let device = session.query(|p| p.device_of_line(line))?;
                let able = session.query(|p| p.device_caps(device))?.caps.contains(Caps::CALLER_ID);
                let gauge = session.runtime.gauge(device).filter(|_| able);
                let gauge = gauge.ok_or_else(|| unknown("the device receives no caller identification"))?;
                Ok(frame(gauge.caller_id()))
            }
            Self::Levels => {
                let device = session.query(|p| p.device_of_line(line))?;
                let levels = session.runtime.gauge(device).and_then(|gauge| gauge.levels());
                let levels = levels.ok_or_else(|| {
                    unknown("levels are measured in the audio of FXO ports in service; modems tell none")
                })?;
                Ok(words([hundredths(levels.block), hundredths(levels.second)]))
            }
        }
    }
}

/// An answer that does not exist. The sentence goes to the log.
fn unknown(why: &str) -> LineErr {
    log::debug!("TSPI_lineDevSpecific: {why}");
    LineErr::OPERATIONUNAVAIL
}

fn words<const N: usize>(words: [DWORD; N]) -> Vec<u8> {
    words.into_iter().flat_map(DWORD::to_ne_bytes).collect()
}

/// Which bits of a loop's state are known, and those that are set of them.
fn loop_words(state: LoopState, in_service: bool) -> [DWORD; 2] {
    let word = |of: LoopBits| {
        [(LoopBits::BATTERY, bits::BATTERY), (LoopBits::REVERSED, bits::REVERSED), (LoopBits::OFF_HOOK, bits::OFF_HOOK)]
            .into_iter()
            .filter(|(bit, _)| of.contains(*bit))
            .fold(0, |all, (_, bit)| all | bit)
    };
    let service = if in_service { bits::IN_SERVICE } else { 0 };
    [word(state.known) | bits::IN_SERVICE, word(state.set & state.known) | service]
}

/// A caller identification as it came: its form, whether it is believed, its number, its bytes. Zeros: there was none.
fn frame(raw: Option<RawCallerId>) -> Vec<u8> {
    let Some(RawCallerId { form, believed, number, bytes }) = raw else { return words([0; 3]) };
    let mut answer = words([form as DWORD, believed.into(), number]);
    answer.extend(bytes);
    answer
}

/// A level in hundredths of a dBm0, as the bits of a signed number.
fn hundredths(level: f32) -> DWORD {
    ((level * 100.0).round() as i32).cast_unsigned()
}

pub(crate) fn dev_specific(
    request: RequestId,
    line: HDRVLINE,
    address: DWORD,
    call: HDRVCALL,
    block: Pointer<c_void>,
    size: DWORD,
) -> Result<(), LineErr> {
    let session = session()?;
    let line = session.line(line)?;
    let call = call_of(&session, line, call)?;
    has_address(line, address)?;
    let size = size as usize;
    let block = block.required()?;
    if size > MAX_BLOCK {
        return Err(LineErr::INVALPARAM);
    }
    if size < HEAD {
        return Err(LineErr::STRUCTURETOOSMALL);
    }
    if session.host.extension(line) == 0 {
        return Err(unknown("the host selected no version of the extension"));
    }
    let question = block.bytes(4, LineErr::INVALPARAM)?.as_chunks::<4>().0.first().copied().map(DWORD::from_ne_bytes);
    let question = question.and_then(Question::new).ok_or(LineErr::INVALPARAM)?;
    let answer = head(question.answer(&session, line)?, size);
    let ask = || session.runtime.complete_at_once(request, line, call);
    session.host.accept(request, ask, |()| block.after(4).put_bytes(&answer))
}

/// What a block of this size gets behind the question.
fn head(answer: Vec<u8>, size: usize) -> Vec<u8> {
    let needed = HEAD + answer.len();
    let fits = needed <= size;
    let used = if fits { needed } else { HEAD };
    let sizes = [needed as u32, used as u32];
    sizes.into_iter().flat_map(u32::to_ne_bytes).chain(answer.into_iter().filter(|_| fits)).collect()
}

/// The call that goes with a line, if one is given.
fn call_of(session: &Session, line: LineHandle, call: HDRVCALL) -> Result<Option<CallHandle>, LineErr> {
    if call == 0 {
        return Ok(None);
    }
    let call = alive(call)?;
    let its = session.query(|p| p.call_info(call))?.line;
    if its == line { Ok(Some(call)) } else { Err(LineErr::INVALCALLHANDLE) }
}

pub(crate) fn dev_specific_feature(
    request: RequestId,
    line: HDRVLINE,
    feature: DWORD,
    block: Pointer<c_void>,
    size: DWORD,
) -> Result<(), LineErr> {
    let line = session()?.line(line)?;
    // No key has parameters; what is given must be there all the same.
    block.bytes(size as usize, LineErr::INVALPARAM)?;
    match feature {
        PHONEBUTTONFUNCTION_FLASH => command(Command::FlashHook { request, line }),
        // The other keys of a telephone are operations here.
        feature if is_one_of("PHONEBUTTONFUNCTION", feature) => Err(LineErr::OPERATIONUNAVAIL),
        _ => Err(LineErr::INVALFEATURE),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use loopstart_hal::drivers::gauge::RawForm;

    #[test]
    fn a_device_tells_what_it_can_know() {
        let state = |known, set| LoopState { known, set };
        let all = LoopBits::all();
        assert_eq!(loop_words(state(all, LoopBits::BATTERY), true), [15, 5]);
        assert_eq!(loop_words(state(all, LoopBits::REVERSED), true), [15, 6]);
        assert_eq!(loop_words(state(LoopBits::OFF_HOOK, all), true), [12, 12], "a modem knows its hook");
        assert_eq!(loop_words(LoopState::default(), false), [4, 0], "a device that is gone knows nothing");
    }

    #[test]
    fn levels_have_a_sign() {
        assert_eq!([-13.004, 0.0, 3.5, -120.0].map(|l| hundredths(l).cast_signed()), [-1_300, 0, 350, -12_000]);
    }

    #[test]
    fn a_frame_is_told_as_it_came() {
        assert_eq!(frame(None), [0; 12]);
        let bytes = [0x80, 1, 2].into_iter().collect();
        let raw = RawCallerId { form: RawForm::Digits, believed: true, number: 7, bytes };
        assert_eq!(frame(Some(raw)), [&words([3, 1, 7])[..], &[0x80, 1, 2]].concat());
    }

    #[test]
    fn an_answer_is_there_whole_or_told_by_its_size() {
        let answer = |size| head(vec![7; 8], size);
        let words = |needed: u32, used: u32| words([needed, used]);
        for size in [20, 21, 4096] {
            assert_eq!(answer(size), [words(20, 20), vec![7; 8]].concat());
        }
        for size in [12, 19] {
            assert_eq!(answer(size), words(20, 12));
        }
    }

    #[test]
    fn a_key_needs_a_hook_to_flash_and_a_call() {
        let key = LineFeatures::DEV_SPECIFIC_FEATURE;
        assert!(features(Caps::FLASH).contains(key) && !features(Caps::VOICE).contains(key));
        assert!(features_now(Caps::FLASH, 1).contains(key) && !features_now(Caps::FLASH, 0).contains(key));
    }

    #[test]
    fn versions_of_the_extension() {
        assert_eq!((check_extension(0), check_extension(0x1_0000)), (Ok(()), Ok(())));
        for version in [1, 0xffff, 0x1_0001, 0x2_0000, u32::MAX] {
            assert_eq!(check_extension(version), Err(LineErr::INCOMPATIBLEEXTVERSION), "{version:#x}");
        }
    }
}
