//! What a line device can do and see.

bitflags::bitflags! {
    /// What a line device can do and see. The provider's capabilities follow from these and the switch plan:
    /// what the device cannot witness is not announced.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    pub struct Caps: u32 {
        /// Voice path: can answer and originate voice calls.
        const VOICE = 1 << 0;
        /// Data modem: calls end in a carrier.
        const DATA = 1 << 1;
        /// Dials with DTMF.
        const DIAL_DTMF = 1 << 2;
        /// Dials with loop pulses.
        const DIAL_PULSE = 1 << 3;
        /// Can keep the line after a partial address (`;`).
        const DIAL_PARTIAL = 1 << 4;
        /// Can wait for dial tone within a dial string (`W`).
        const WAIT_DIAL_TONE = 1 << 5;
        /// Can wait for quiet answer (`@`).
        const WAIT_QUIET = 1 << 6;
        /// Can wait for the billing tone (`$`).
        const WAIT_BILLING = 1 << 7;
        /// Can flash the hook.
        const FLASH = 1 << 8;
        /// Reports dial tone.
        const SEES_DIAL_TONE = 1 << 9;
        /// Reports ringback.
        const SEES_RINGBACK = 1 << 10;
        /// Reports busy.
        const SEES_BUSY = 1 << 11;
        /// Reports reorder.
        const SEES_REORDER = 1 << 12;
        /// Reports special information tones.
        const SEES_SIT = 1 << 13;
        /// Reports that the far end answered.
        const SEES_ANSWER = 1 << 14;
        /// Reports that the far end hung up.
        const SEES_RELEASE = 1 << 15;
        /// Reports received DTMF digits.
        const HEARS_DTMF = 1 << 16;
        /// Reports the end of a received DTMF digit.
        const HEARS_DTMF_END = 1 << 17;
        /// Sends DTMF digits during a call.
        const SENDS_DTMF = 1 << 18;
        /// Delivers caller identification.
        const CALLER_ID = 1 << 19;
        /// Tells missing battery.
        const SEES_BATTERY = 1 << 20;
        /// Tells that no dial tone came (as a failure, without reporting the tone itself).
        const SEES_NO_DIAL_TONE = 1 << 21;
        /// Can seize the line without dialling.
        const SEIZE = 1 << 22;
        /// Gives up by itself when nobody answers.
        const SEES_NO_ANSWER = 1 << 23;
        /// Sends tones during a call.
        const SENDS_TONES = 1 << 24;
        /// Reports tones of the host's choice.
        const HEARS_TONES = 1 << 25;
        /// Reports voices, machines, fax and modem tones.
        const HEARS_MEDIA = 1 << 26;
        /// Reports that a second call waits.
        const SEES_CALL_WAITING = 1 << 27;
        /// Reports received pulse digits.
        const HEARS_PULSE = 1 << 28;
        /// Has a loudspeaker that can be switched.
        const SPEAKER = 1 << 29;
        /// Gives and takes the call's audio.
        const AUDIO = 1 << 30;
        /// Reports confirmation tone.
        const SEES_CONFIRMATION = 1 << 31;
    }
}
