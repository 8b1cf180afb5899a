//! "Did you mean": the known word that a misspelt one is closest to.

/// The candidate at most two edits away, and fewer than half the word's length.
pub(super) fn closest<'a>(word: &str, candidates: &[&'a str]) -> Option<&'a str> {
    let limit = 2.min(word.chars().count().saturating_sub(1) / 2);
    let distances = candidates
        .iter()
        .map(|candidate| (distance(word, candidate), *candidate));
    let (edits, candidate) = distances.min_by_key(|(edits, _)| *edits)?;
    (edits <= limit).then_some(candidate)
}

/// Levenshtein's distance, one row at a time.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.chars().count()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        for (to, above) in b.chars().zip(row.iter_mut().skip(1)) {
            let replaced = diagonal + usize::from(from != to);
            diagonal = *above;
            left = replaced.min(left + 1).min(*above + 1);
            *above = left;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{closest, distance};

    #[test]
    fn counts_edits() {
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("abc", ""), 3);
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("owner", "owner"), 0);
    }

    #[test]
    fn suggests_only_what_is_near() {
        let words = ["default", "owner", "ttl", "read_only"];
        assert_eq!(closest("defualt", &words), Some("default"));
        assert_eq!(closest("ownr", &words), Some("owner"));
        assert_eq!(closest("readonly", &words), Some("read_only"));
        assert_eq!(closest("tll", &words), Some("ttl"));
        assert_eq!(closest("rename", &words), None);
        assert_eq!(closest("x", &words), None);
    }
}
