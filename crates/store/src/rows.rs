//! Statements over several rows at once.

/// A few fixed numbers of rows: each is a statement that the driver prepares once. Twenty rows are
/// two statements.
const WIDTHS: [usize; 7] = [64, 32, 16, 8, 4, 2, 1];

/// One statement over rows of parameters, in each width.
pub(crate) struct Rows {
    statements: [String; WIDTHS.len()],
}

impl Rows {
    /// `head`, then `(?, …), (?, …)` with so many columns, then `tail`.
    pub(crate) fn new(head: &str, columns: usize, tail: &str) -> Self {
        let row = format!("({})", vec!["?"; columns].join(", "));
        let statements =
            WIDTHS.map(|width| format!("{head}{}{tail}", vec![&*row; width].join(", ")));
        Self { statements }
    }

    /// All items, in as few statements as they take.
    pub(crate) fn of<'i, T>(
        &'static self,
        items: &'i [T],
    ) -> impl Iterator<Item = (&'static str, &'i [T])> + use<'i, T> {
        let mut rest = items;
        std::iter::from_fn(move || {
            let widths = WIDTHS.iter().zip(&self.statements);
            let mut fitting = widths.filter(|(width, _)| **width <= rest.len());
            let (width, statement) = fitting.next()?;
            let (rows, others) = rest.split_at(*width);
            rest = others;
            Some((statement.as_str(), rows))
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use super::*;

    static PAIRS: LazyLock<Rows> = LazyLock::new(|| Rows::new("INSERT VALUES ", 2, " AS v"));

    #[test]
    fn every_item_is_in_one_statement() {
        for count in 0..200_usize {
            let items: Vec<usize> = (0..count).collect();
            let mut seen = Vec::new();
            let mut statements = 0;
            for (statement, rows) in PAIRS.of(&items) {
                assert_eq!(statement.matches('(').count(), rows.len());
                assert_eq!(statement.matches('?').count(), 2 * rows.len());
                seen.extend_from_slice(rows);
                statements += 1;
            }
            assert_eq!(seen, items);
            let narrower = usize::try_from((count % 64).count_ones()).unwrap();
            assert_eq!(statements, count / 64 + narrower);
        }
        let one = PAIRS.of(&[1]).map(|(statement, _)| statement).next();
        assert_eq!(one, Some("INSERT VALUES (?, ?) AS v"));
    }
}
