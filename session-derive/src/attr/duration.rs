//! Durations as people write them: `"10m"`, `"1h30m"`, `"2d 12h"`.

use syn::{Error, LitStr, Result};

const UNITS: &[(&str, u64)] = &[
    ("ms", 1),
    ("s", 1_000),
    ("m", 60_000),
    ("h", 3_600_000),
    ("d", 86_400_000),
    ("w", 604_800_000),
];

/// A hundred years: no session lives as long, and a deadline so far ahead is still a timestamp.
const MAX_MILLIS: u64 = 100 * 365 * 86_400_000;

pub(super) fn millis(text: &LitStr) -> Result<u64> {
    parse(&text.value()).map_err(|message| Error::new_spanned(text, message))
}

fn parse(text: &str) -> std::result::Result<u64, String> {
    let mut total = 0_u64;
    let mut rest = text.trim();
    if rest.is_empty() {
        return Err("expected a duration such as \"10m\" or \"1h30m\"".into());
    }
    while !rest.is_empty() {
        let (number, after) = split_where(rest, |c| !c.is_ascii_digit());
        let (unit, after) = split_where(after.trim_start(), |c| !c.is_alphabetic());
        if number.is_empty() {
            return Err(format!(
                "expected a number and a unit at `{rest}`, as in \"1h30m\""
            ));
        }
        if unit.is_empty() {
            return Err(format!(
                "`{number}` has no unit; expected ms, s, m, h, d or w"
            ));
        }
        let Some((_, factor)) = UNITS.iter().find(|(name, _)| *name == unit) else {
            return Err(format!(
                "unknown unit `{unit}`; expected ms, s, m, h, d or w"
            ));
        };
        // A number beyond u64 has digits only, so that too long is all that it can be.
        let number = number.parse().unwrap_or(u64::MAX);
        total = total.saturating_add(factor.saturating_mul(number));
        rest = after.trim_start();
    }
    match total {
        0 => Err("a duration of zero would expire at once".into()),
        1..=MAX_MILLIS => Ok(total),
        _ => Err("expected a duration of at most 100 years (\"36500d\")".into()),
    }
}

fn split_where(text: &str, end: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(end).unwrap_or(text.len()))
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn sums_parts() {
        for (text, millis) in [
            ("1ms", 1),
            ("500ms", 500),
            ("90s", 90_000),
            ("10m", 600_000),
            ("1h30m", 5_400_000),
            ("2d 12h", 216_000_000),
            (" 1 h ", 3_600_000),
            ("1w", 604_800_000),
            ("36500d", 3_153_600_000_000),
        ] {
            assert_eq!(parse(text), Ok(millis), "{text}");
        }
    }

    #[test]
    fn says_what_is_wrong() {
        for (text, part) in [
            ("", "such as \"10m\""),
            ("  ", "such as \"10m\""),
            ("10", "`10` has no unit"),
            ("1h30", "`30` has no unit"),
            ("10 minutes", "unknown unit `minutes`"),
            ("10M", "unknown unit `M`"),
            ("m", "at `m`"),
            ("-5m", "at `-5m`"),
            ("1.5h", "`1` has no unit"),
            ("5µs", "unknown unit `µs`"),
            ("0s", "zero"),
            ("0h0m", "zero"),
            ("36501d", "at most 100 years"),
            ("99999999999999999999s", "at most 100 years"),
            ("18446744073709551615w1w", "at most 100 years"),
        ] {
            let message = parse(text).unwrap_err();
            assert!(message.contains(part), "{text:?}: {message}");
        }
    }
}
