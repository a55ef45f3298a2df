//! Numbers as the page writes them: in come numbers, out goes text.

/// Lines, as `3, 7–9`.
pub fn ranges(lines: &[usize]) -> String {
    let mut ranges: Vec<(usize, usize)> = Vec::new();
    for line in lines {
        match ranges.last_mut() {
            Some((_, last)) if *last + 1 == *line => *last = *line,
            _ => ranges.push((*line, *line)),
        }
    }
    let shown = ranges.iter().map(|(first, last)| {
        if first == last {
            first.to_string()
        } else {
            format!("{first}–{last}")
        }
    });
    shown.collect::<Vec<_>>().join(", ")
}

/// A share, never rounded up: 100.0 % is all.
pub fn percent(whole: usize, part: usize) -> String {
    let thousandths = (part * 1000).checked_div(whole).unwrap_or(1000);
    format!("{}.{} %", thousandths / 10, thousandths % 10)
}

/// A number with its thousands apart.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// How long something took.
pub fn time(seconds: u64) -> String {
    if seconds < 60 {
        format!("{seconds} s")
    } else {
        format!("{} min {:02} s", seconds / 60, seconds % 60)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_never_rounded_up() {
        for (whole, part, expected) in [
            (1000, 979, "97.9 %"),
            (10_000, 9_799, "97.9 %"),
            (2, 2, "100.0 %"),
            (0, 0, "100.0 %"),
        ] {
            assert_eq!(percent(whole, part), expected, "{part} of {whole}");
        }
    }

    #[test]
    fn numbers_and_lines_are_easy_to_read() {
        assert_eq!(
            [7, 999, 1000, 1_234_567].map(grouped),
            ["7", "999", "1,000", "1,234,567"]
        );
        assert_eq!(ranges(&[]), "");
        assert_eq!(ranges(&[1, 2, 4]), "1–2, 4");
    }

    #[test]
    fn a_minute_is_told_apart_from_seconds() {
        assert_eq!(
            [0, 59, 60, 185].map(time),
            ["0 s", "59 s", "1 min 00 s", "3 min 05 s"]
        );
    }
}
