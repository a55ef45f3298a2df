//! Words that were probably meant: a misspelt one and those that there are in, the nearest out.

/// The one that was probably meant, if any is near.
pub fn nearest<'a>(word: &str, among: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let most = if word.chars().count() < 6 { 1 } else { 2 };
    let near = among
        .into_iter()
        .map(|other| (distance(word, other), other));
    let near = near.filter(|(distance, _)| *distance <= most);
    near.min().map(|(_, other)| other)
}

/// ` (did you mean …?)`, or nothing.
pub fn hint<'a>(word: &str, among: impl IntoIterator<Item = &'a str>) -> String {
    let nearest = nearest(word, among);
    nearest.map_or_else(String::new, |it| format!(" (did you mean `{it}`?)"))
}

/// How many letters are missing, too many, wrong or swapped with the next.
pub fn distance(one: &str, other: &str) -> usize {
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    let mut rows: Vec<Vec<usize>> = vec![(0..=other.len()).collect()];
    for (i, a) in (1..).zip(&one) {
        let mut row = vec![i];
        for (j, b) in (1..).zip(&other) {
            let changed = rows[i - 1][j - 1] + usize::from(a != b);
            let mut least = changed.min(rows[i - 1][j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && *a == other[j - 2] && one[i - 2] == *b {
                least = least.min(rows[i - 2][j - 2] + 1);
            }
            row.push(least);
        }
        rows.push(row);
    }
    rows[one.len()][other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_meant_is_near() {
        for (word, other, expected) in [
            ("with", "with", 0),
            ("wth", "with", 1),
            ("wiht", "with", 1),
            ("", "with", 4),
            ("east", "west", 2),
        ] {
            assert_eq!(distance(word, other), expected, "{word} {other}");
        }
        assert_eq!(nearest("est", ["south", "east"]), Some("east"));
        assert_eq!(nearest("east", ["west"]), None);
        assert_eq!(
            hint("control-plane", ["control plane"]),
            " (did you mean `control plane`?)"
        );
    }
}
