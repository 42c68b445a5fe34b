//! What a parameter says.

use super::message::{date, name, number, text};
use super::{ntt, parameter};
use crate::{DateTime, Name, Number, PartyId, Text};
use core::fmt::Write as _;

/// Why a number or a name is not told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Absence {
    /// `P`: the caller withheld it.
    Withheld,
    /// `O`: out of area, not available.
    Unavailable,
    /// `C`: a payphone.
    Payphone,
    /// `S`: services conflict.
    Conflict,
    /// Another letter.
    Other(u8),
}

impl Absence {
    fn read(data: &[u8]) -> Option<Self> {
        data.first().map(|letter| match letter.to_ascii_uppercase() {
            b'P' => Self::Withheld,
            b'O' => Self::Unavailable,
            b'C' => Self::Payphone,
            b'S' => Self::Conflict,
            other => Self::Other(other),
        })
    }

    /// The same in the terms of a [`CallerId`](crate::CallerId).
    pub fn party<T>(self) -> PartyId<T> {
        if self == Self::Withheld { PartyId::Withheld } else { PartyId::Unavailable }
    }

    const fn word(self) -> &'static str {
        match self {
            Self::Withheld => "withheld",
            Self::Unavailable => "unavailable",
            Self::Payphone => "payphone",
            Self::Conflict => "service conflict",
            Self::Other(_) => "another reason",
        }
    }
}

macro_rules! codes {
    ($(#[$doc:meta])* $name:ident { $($code:literal $variant:ident $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name {
            $(#[doc = concat!("Code ", stringify!($code), ": ", $word, ".")] $variant,)*
            /// A code without a meaning here.
            Other(u8),
        }

        impl $name {
            const fn from_code(code: u8) -> Self {
                match code {
                    $($code => Self::$variant,)*
                    other => Self::Other(other),
                }
            }

            const fn word(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)*
                    Self::Other(_) => "another kind",
                }
            }
        }
    };
}

codes! {
    /// Why a call was redirected (North America).
    Redirection {
        0x01 Busy "busy",
        0x02 NoAnswer "no answer",
        0x03 Unconditional "unconditional",
        0x04 Transfer "call transfer",
        0x05 OutOfService "out of service",
    }
}

codes! {
    /// The type of a call (EN 300 659-3).
    CallType {
        0x01 Voice "voice",
        0x02 RingBack "ring back when free",
        0x03 CallingName "calling name delivery",
        0x81 MessageWaiting "message waiting",
    }
}

codes! {
    /// How a call was forwarded (EN 300 659-3).
    Forwarding {
        0x00 Unknown "unknown",
        0x01 Busy "busy",
        0x02 NoReply "no reply",
        0x03 Unconditional "unconditional",
        0x04 DeflectedAfterAlerting "deflected after alerting",
        0x05 DeflectedAtOnce "deflected at once",
        0x06 NotReachable "not reachable",
    }
}

codes! {
    /// What the calling user is (EN 300 659-3).
    CallerKind {
        0x00 Unknown "unknown",
        0x01 Voice "voice",
        0x02 Text "text",
        0x03 PrivateNetwork "private network",
        0x04 Mobile "mobile",
        0x05 MobilePrivateNetwork "mobile in a private network",
        0x06 Fax "fax",
        0x07 Video "video",
        0x08 Mail "e-mail",
        0x09 Operator "operator",
        0x0A Subscriber "subscriber",
        0x0B Data "data",
        0x0C Test "test",
        0x0D Telemetry "telemetry",
        0x0E Payphone "payphone",
    }
}

/// What one parameter of a message says. Of numbers and names the `Debug` form tells only the length.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Parameter<'a> {
    /// Date and time.
    Time(DateTime),
    /// Calling number.
    Number(Number),
    /// Number called; in North America one to dial back.
    CalledNumber(Number),
    /// Why there is no number.
    NoNumber(Absence),
    /// Why the call was redirected.
    Redirection(Redirection),
    /// Call qualifier: `L` long distance.
    Qualifier(u8),
    /// Calling name.
    Name(Name),
    /// Why there is no name.
    NoName(Absence),
    /// Message-waiting lamp.
    MessageWaiting(bool),
    /// Who left the last message.
    LastMessageNumber(Number),
    /// Complementary date and time.
    OtherTime(DateTime),
    /// Complementary calling number.
    OtherNumber(Number),
    /// Type of the call.
    CallType(CallType),
    /// First number called.
    FirstCalled(Number),
    /// Number of messages waiting.
    Messages(u8),
    /// How the call was forwarded.
    Forwarded(Forwarding),
    /// What the calling user is.
    CallerType(CallerKind),
    /// Redirecting number.
    Redirecting(Number),
    /// Charge.
    Charge(Text<255>),
    /// Additional charge.
    AdditionalCharge(Text<255>),
    /// Duration of the call.
    CallDuration(Text<255>),
    /// Network provider.
    Network(Text<255>),
    /// Carrier.
    Carrier(Text<255>),
    /// Text to display.
    Display(Text<255>),
    /// Type and plan of the calling number (Japanese form).
    NumberAttributes(u8),
    /// Type and plan of the dialled number (Japanese form).
    DialledAttributes(u8),
    /// Any other parameter, and one whose data do not fit its type.
    Other {
        /// Its type.
        kind: u8,
        /// Its bytes.
        data: &'a [u8],
    },
}

impl<'a> Parameter<'a> {
    /// Reads a parameter of the multiple data message format.
    pub fn read(kind: u8, data: &'a [u8]) -> Self {
        let code = if let [code] = data { Some(*code) } else { None };
        match kind {
            parameter::TIME => date(data).map(Self::Time),
            parameter::NUMBER => match data.trim_ascii() {
                // Some networks put the reason here.
                [b'P' | b'O'] => Absence::read(data.trim_ascii()).map(Self::NoNumber),
                _ => number(data).map(Self::Number),
            },
            parameter::CALLED_NUMBER => number(data).map(Self::CalledNumber),
            parameter::NO_NUMBER => Absence::read(data).map(Self::NoNumber),
            parameter::REDIRECTION => code.map(|c| Self::Redirection(Redirection::from_code(c))),
            parameter::QUALIFIER => code.map(Self::Qualifier),
            parameter::NAME => name(data).map(Self::Name),
            parameter::NO_NAME => Absence::read(data).map(Self::NoName),
            parameter::MESSAGE_WAITING => match data {
                [0xFF] => Some(Self::MessageWaiting(true)),
                [0] => Some(Self::MessageWaiting(false)),
                _ => None,
            },
            parameter::LAST_MESSAGE_NUMBER => number(data).map(Self::LastMessageNumber),
            parameter::OTHER_TIME => date(data).map(Self::OtherTime),
            parameter::OTHER_NUMBER => number(data).map(Self::OtherNumber),
            parameter::CALL_TYPE => code.map(|c| Self::CallType(CallType::from_code(c))),
            parameter::FIRST_CALLED => number(data).map(Self::FirstCalled),
            parameter::MESSAGES => code.map(Self::Messages),
            parameter::FORWARDED => code.map(|c| Self::Forwarded(Forwarding::from_code(c))),
            parameter::CALLER_TYPE => code.map(|c| Self::CallerType(CallerKind::from_code(c))),
            parameter::REDIRECTING => number(data).map(Self::Redirecting),
            parameter::CHARGE => text(data).map(Self::Charge),
            parameter::ADDITIONAL_CHARGE => text(data).map(Self::AdditionalCharge),
            parameter::CALL_DURATION => text(data).map(Self::CallDuration),
            parameter::NETWORK => text(data).map(Self::Network),
            parameter::CARRIER => text(data).map(Self::Carrier),
            parameter::DISPLAY => text(data).map(Self::Display),
            _ => None,
        }
        .unwrap_or(Self::Other { kind, data })
    }

    /// Reads a parameter of the Japanese form.
    pub fn read_japanese(kind: u8, data: &'a [u8]) -> Self {
        let code = if let [code] = data { Some(*code) } else { None };
        let other = Self::Other { kind, data };
        match kind {
            parameter::TIME | parameter::NUMBER | parameter::NO_NUMBER | parameter::NAME | parameter::NO_NAME => {
                Self::read(kind, data)
            }
            ntt::parameter::DIALLED_NUMBER => number(data).map_or(other, Self::CalledNumber),
            ntt::parameter::NUMBER_ATTRIBUTES => code.map_or(other, Self::NumberAttributes),
            ntt::parameter::DIALLED_ATTRIBUTES => code.map_or(other, Self::DialledAttributes),
            ntt::parameter::TEXT => text(data).map_or(other, Self::Display),
            _ => other,
        }
    }

    /// What it is called, in English.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Time(_) => "time",
            Self::Number(_) => "number",
            Self::CalledNumber(_) => "called number",
            Self::NoNumber(_) => "number absent",
            Self::Redirection(_) => "redirection",
            Self::Qualifier(_) => "qualifier",
            Self::Name(_) => "name",
            Self::NoName(_) => "name absent",
            Self::MessageWaiting(_) => "message waiting",
            Self::LastMessageNumber(_) => "number of the last message",
            Self::OtherTime(_) => "other time",
            Self::OtherNumber(_) => "other number",
            Self::CallType(_) => "call type",
            Self::FirstCalled(_) => "first called number",
            Self::Messages(_) => "messages",
            Self::Forwarded(_) => "forwarded",
            Self::CallerType(_) => "caller type",
            Self::Redirecting(_) => "redirecting number",
            Self::Charge(_) => "charge",
            Self::AdditionalCharge(_) => "additional charge",
            Self::CallDuration(_) => "call duration",
            Self::Network(_) => "network",
            Self::Carrier(_) => "carrier",
            Self::Display(_) => "display",
            Self::NumberAttributes(_) => "number attributes",
            Self::DialledAttributes(_) => "dialled number attributes",
            Self::Other { kind, .. } => match *kind {
                parameter::ROUTE => "route",
                parameter::MESSAGE_ID => "message identification",
                parameter::TERMINAL => "terminal function",
                parameter::SERVICE => "service information",
                parameter::OPERATOR => "operator extension",
                _ => "other",
            },
        }
    }

    /// What it says, for the host and its user: never for a log. Bytes without a meaning are told in hexadecimal.
    pub fn value(&self) -> Text<255> {
        let mut out = Out(Text::default());
        // What does not fit is cut.
        let _ = match self {
            Self::Time(t) | Self::OtherTime(t) => {
                write!(out, "{:02}-{:02} {:02}:{:02}", t.month, t.day, t.hour, t.minute)
            }
            Self::Number(n)
            | Self::CalledNumber(n)
            | Self::LastMessageNumber(n)
            | Self::OtherNumber(n)
            | Self::FirstCalled(n)
            | Self::Redirecting(n) => out.write_str(n.as_str()),
            Self::Name(n) => out.write_str(n.as_str()),
            Self::NoNumber(why) | Self::NoName(why) => out.write_str(why.word()),
            Self::Redirection(why) => out.write_str(why.word()),
            Self::Qualifier(b'L') => out.write_str("long distance"),
            Self::Qualifier(code) => write!(out, "{code:02x}"),
            Self::MessageWaiting(on) => out.write_str(if *on { "on" } else { "off" }),
            Self::CallType(t) => out.write_str(t.word()),
            Self::Messages(n) => write!(out, "{n}"),
            Self::Forwarded(how) => out.write_str(how.word()),
            Self::CallerType(kind) => out.write_str(kind.word()),
            Self::NumberAttributes(code) | Self::DialledAttributes(code) => write!(out, "{code:02x}"),
            Self::Charge(text)
            | Self::AdditionalCharge(text)
            | Self::CallDuration(text)
            | Self::Network(text)
            | Self::Carrier(text)
            | Self::Display(text) => out.write_str(text.as_str()),
            Self::Other { data, .. } => data.iter().try_for_each(|b| write!(out, "{b:02x}")),
        };
        out.0
    }
}

/// Writes into a text.
struct Out(Text<255>);

impl core::fmt::Write for Out {
    fn write_str(&mut self, s: &str) -> core::fmt::Result {
        if s.chars().all(|c| self.0.push(c)) { Ok(()) } else { Err(core::fmt::Error) }
    }
}
