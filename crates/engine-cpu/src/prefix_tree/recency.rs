//! Which of many things was used longest ago.

/// A list of small numbers in the order of their last use; every operation takes constant time.
#[derive(Default)]
pub(super) struct Recency {
    /// At the index of a number, its neighbours; `None` when it is not in the list.
    links: Vec<Option<Link>>,
    oldest: Option<usize>,
    newest: Option<usize>,
}

#[derive(Clone, Copy)]
struct Link {
    older: Option<usize>,
    newer: Option<usize>,
}

impl Recency {
    pub(super) fn oldest(&self) -> Option<usize> {
        self.oldest
    }

    /// Makes `index` the one used last; adds it if it is new.
    pub(super) fn touch(&mut self, index: usize) {
        self.remove(index);
        if self.links.len() <= index {
            self.links.resize(index + 1, None);
        }
        let older = self.newest.replace(index);
        self.links[index] = Some(Link { older, newer: None });
        match older.and_then(|older| self.links[older].as_mut()) {
            Some(link) => link.newer = Some(index),
            None => self.oldest = Some(index),
        }
    }

    pub(super) fn remove(&mut self, index: usize) {
        let Some(Link { older, newer }) = self.links.get_mut(index).and_then(Option::take) else {
            return;
        };
        match older.and_then(|older| self.links[older].as_mut()) {
            Some(link) => link.newer = newer,
            None => self.oldest = newer,
        }
        match newer.and_then(|newer| self.links[newer].as_mut()) {
            Some(link) => link.older = older,
            None => self.newest = older,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(mut recency: Recency) -> Vec<usize> {
        std::iter::from_fn(|| {
            let oldest = recency.oldest()?;
            recency.remove(oldest);
            Some(oldest)
        })
        .collect()
    }

    fn check(touched: &[usize], removed: &[usize], expected: &[usize]) {
        let mut recency = Recency::default();
        for &index in touched {
            recency.touch(index);
        }
        for &index in removed {
            recency.remove(index);
        }
        assert_eq!(order(recency), expected, "{touched:?} without {removed:?}");
    }

    #[test]
    fn the_oldest_use_comes_first() {
        check(&[], &[5], &[]);
        check(&[3], &[], &[3]);
        check(&[3, 1, 2], &[], &[3, 1, 2]);
        check(&[3, 1, 2, 3], &[], &[1, 2, 3]);
        check(&[3, 1, 2, 2, 1], &[], &[3, 2, 1]);
    }

    #[test]
    fn removed_ones_leave_their_neighbours_in_order() {
        check(&[1, 2, 3], &[2], &[1, 3]);
        check(&[1, 2, 3], &[1], &[2, 3]);
        check(&[1, 2, 3], &[3], &[1, 2]);
        check(&[1, 2, 3], &[3, 1, 2, 2], &[]);
    }
}
