//! Country codes of ITU-T T.35, as modems take and tell them (`+GCI`, V.250).

/// By ISO 3166.
const T35: &[(&str, u8)] = &[
    ("jp", 0x00),
    ("au", 0x09),
    ("at", 0x0a),
    ("be", 0x0f),
    ("br", 0x16),
    ("ca", 0x20),
    ("cn", 0x26),
    ("dk", 0x31),
    ("fi", 0x3c),
    ("fr", 0x3d),
    ("de", 0x42),
    ("gr", 0x46),
    ("hk", 0x50),
    ("hu", 0x51),
    ("in", 0x53),
    ("ie", 0x57),
    ("il", 0x58),
    ("it", 0x59),
    ("kr", 0x61),
    ("my", 0x6c),
    ("mx", 0x73),
    ("nl", 0x7b),
    ("nz", 0x7e),
    ("no", 0x82),
    ("pl", 0x8a),
    ("pt", 0x8b),
    ("sg", 0x9c),
    ("za", 0x9f),
    ("es", 0xa0),
    ("se", 0xa5),
    ("ch", 0xa6),
    ("tr", 0xae),
    ("gb", 0xb4),
    ("us", 0xb5),
    ("ru", 0xb8),
    ("tw", 0xfe),
];

/// The code of a country; none where it is not known.
pub(crate) fn code(country: &str) -> Option<u8> {
    T35.iter().find(|(known, _)| *known == country).map(|(_, code)| *code)
}
