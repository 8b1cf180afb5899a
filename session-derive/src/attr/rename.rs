//! `rename_all`, with serde's words for serde's cases.

use syn::{Error, LitStr, Result};

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) enum Case {
    #[default]
    Snake,
    Upper,
    Pascal,
    Camel,
    ScreamingSnake,
    Kebab,
    ScreamingKebab,
}

/// `lowercase` and `snake_case` are one: both leave the name of a field as it is.
const CASES: &[(&str, Case)] = &[
    ("lowercase", Case::Snake),
    ("UPPERCASE", Case::Upper),
    ("PascalCase", Case::Pascal),
    ("camelCase", Case::Camel),
    ("snake_case", Case::Snake),
    ("SCREAMING_SNAKE_CASE", Case::ScreamingSnake),
    ("kebab-case", Case::Kebab),
    ("SCREAMING-KEBAB-CASE", Case::ScreamingKebab),
];

impl Case {
    pub(super) fn parse(text: &LitStr) -> Result<Self> {
        let wanted = text.value();
        if let Some((_, case)) = CASES.iter().find(|(name, _)| *name == wanted) {
            return Ok(*case);
        }
        let names: Vec<_> = CASES.iter().map(|(name, _)| format!("{name:?}")).collect();
        Err(Error::new_spanned(
            text,
            format_args!("expected one of {}", names.join(", ")),
        ))
    }

    pub(crate) fn apply(self, field: &str) -> String {
        match self {
            Self::Snake => field.to_owned(),
            Self::Upper | Self::ScreamingSnake => field.to_ascii_uppercase(),
            Self::Kebab => field.replace('_', "-"),
            Self::ScreamingKebab => field.to_ascii_uppercase().replace('_', "-"),
            Self::Pascal => {
                let words = field.split('_');
                words
                    .map(|word| with_first(word, char::to_ascii_uppercase))
                    .collect()
            }
            Self::Camel => with_first(&Self::Pascal.apply(field), char::to_ascii_lowercase),
        }
    }
}

fn with_first(word: &str, change: fn(&char) -> char) -> String {
    let mut chars = word.chars();
    let first = chars.next().as_ref().map(change);
    first.into_iter().chain(chars).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table of `serde_derive`'s test, and what it leaves out.
    #[test]
    fn agrees_with_serde() {
        for (field, upper, pascal, camel, screaming, kebab, screaming_kebab) in [
            (
                "outcome", "OUTCOME", "Outcome", "outcome", "OUTCOME", "outcome", "OUTCOME",
            ),
            (
                "very_tasty",
                "VERY_TASTY",
                "VeryTasty",
                "veryTasty",
                "VERY_TASTY",
                "very-tasty",
                "VERY-TASTY",
            ),
            ("a", "A", "A", "a", "A", "a", "A"),
            ("z42", "Z42", "Z42", "z42", "Z42", "z42", "Z42"),
            ("X_y", "X_Y", "XY", "xY", "X_Y", "X-y", "X-Y"),
            ("_x__y", "_X__Y", "XY", "xY", "_X__Y", "-x--y", "-X--Y"),
            (
                "été_fini",
                "éTé_FINI",
                "étéFini",
                "étéFini",
                "éTé_FINI",
                "été-fini",
                "éTé-FINI",
            ),
        ] {
            assert_eq!(Case::Snake.apply(field), field);
            assert_eq!(Case::Upper.apply(field), upper);
            assert_eq!(Case::Pascal.apply(field), pascal);
            assert_eq!(Case::Camel.apply(field), camel);
            assert_eq!(Case::ScreamingSnake.apply(field), screaming);
            assert_eq!(Case::Kebab.apply(field), kebab);
            assert_eq!(Case::ScreamingKebab.apply(field), screaming_kebab);
        }
    }

    #[test]
    fn a_name_of_underscores_has_no_case() {
        assert_eq!(Case::Camel.apply("__"), "");
        assert_eq!(Case::Pascal.apply("_"), "");
    }

    #[test]
    fn knows_serdes_words() {
        let parse = |text| Case::parse(&LitStr::new(text, proc_macro2::Span::call_site()));
        assert_eq!(parse("kebab-case").unwrap(), Case::Kebab);
        assert_eq!(parse("lowercase").unwrap(), Case::Snake);
        let message = parse("Kebab").unwrap_err().to_string();
        assert!(message.contains("\"kebab-case\""), "{message}");
    }
}
