//! Words that were probably meant: a misspelt one and those that there are in, the nearest out.

use strsim::osa_distance;

/// The one that was probably meant, if any is near.
pub fn nearest<'a>(word: &str, among: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let most = if word.chars().count() < 6 { 1 } else { 2 };
    let near = among
        .into_iter()
        .map(|other| (osa_distance(word, other), other));
    let near = near.filter(|(distance, _)| *distance <= most);
    near.min().map(|(_, other)| other)
}

/// ` (did you mean …?)`, or nothing.
pub fn hint<'a>(word: &str, among: impl IntoIterator<Item = &'a str>) -> String {
    let nearest = nearest(word, among);
    nearest.map_or_else(String::new, |it| format!(" (did you mean `{it}`?)"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_meant_is_near() {
        assert_eq!(nearest("wiht", ["status", "with"]), Some("with"));
        assert_eq!(nearest("est", ["south", "east"]), Some("east"));
        assert_eq!(nearest("east", ["west"]), None);
        assert_eq!(
            hint("control-plane", ["control plane"]),
            " (did you mean `control plane`?)"
        );
    }
}
