//! Whose passage is next.

use domain::OrganisationId;

/// A request, and its next passage.
#[derive(Clone, Copy, Debug)]
pub(super) struct Candidate {
    pub(super) organisation: OrganisationId,
    /// Passages of the batch that are theirs already.
    pub(super) taken: usize,
    /// Tokens of the next one; `None` where none could be taken.
    pub(super) tokens: Option<usize>,
}

/// The index of whoever has had least: first by organisation, then by request, then by arrival.
/// A passage for which there is no room ends the batch, so that long ones get their turn.
pub(super) fn choose(candidates: &[Candidate], room: usize) -> Option<usize> {
    let of_organisation = |organisation: OrganisationId| -> usize {
        let own = candidates.iter().filter(|one| one.organisation == organisation);
        own.map(|one| one.taken).sum()
    };
    let ready = candidates.iter().enumerate();
    let ready = ready.filter_map(|(index, one)| Some((index, one, one.tokens?)));
    let (index, _, tokens) =
        ready.min_by_key(|(_, one, _)| (of_organisation(one.organisation), one.taken))?;
    (tokens <= room).then_some(index)
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    /// Letters are organisations; `expected` the order in which passages are taken.
    fn check(requests: &[(u128, usize)], count: usize, expected: &[usize]) {
        let mut left: Vec<usize> = requests.iter().map(|&(_, passages)| passages).collect();
        let mut taken = vec![0; requests.len()];
        let mut order = Vec::new();
        while order.len() < count {
            let candidates: Vec<_> = (0..requests.len())
                .map(|index| Candidate {
                    organisation: OrganisationId::from_uuid(Uuid::from_u128(requests[index].0)),
                    taken: taken[index],
                    tokens: (left[index] > 0).then_some(10),
                })
                .collect();
            let Some(chosen) = choose(&candidates, 100) else { break };
            order.push(chosen);
            taken[chosen] += 1;
            left[chosen] -= 1;
        }
        assert_eq!(order, expected, "{requests:?}");
    }

    #[test]
    fn nobody_waits_behind_a_thousand_passages() {
        check(&[(1, 1000)], 3, &[0, 0, 0]);
        check(&[(1, 1000), (1, 1)], 4, &[0, 1, 0, 0]);
        check(&[(1, 1000), (2, 2), (1, 1)], 5, &[0, 1, 2, 1, 0]);
        check(&[(1, 0), (2, 0)], 1, &[]);
    }

    #[test]
    fn what_does_not_fit_ends_the_batch() {
        let organisation = OrganisationId::from_uuid(Uuid::nil());
        let of = |tokens| Candidate { organisation, taken: 0, tokens };
        let (none, long, short) = (of(None), of(Some(50)), of(Some(5)));
        assert_eq!(choose(&[long, short], 20), None);
        assert_eq!(choose(&[none, short], 20), Some(1));
        assert_eq!(choose(&[long, short], 50), Some(0));
    }
}
