//! The order in which migrations are applied: by identity, refined by their dependencies.
//!
//! A version's migrations always stay together, because a run goes hop by hop: so the versions are ordered first, and
//! then the migrations within them.

use std::collections::{BTreeMap, btree_map::Entry};

use semver::Version;

use super::{
    dependencies,
    draft::{Draft, Numbering},
    topology::{self, Needs},
};
use crate::model::finding::Finding;

/// The drafts in order. With a fault (told in `findings`) the order is that of their identities.
pub fn arrange(mut drafts: Vec<Draft>, findings: &mut Vec<Finding>) -> Vec<Draft> {
    drafts.sort_by(|a, b| a.identity.cmp(&b.identity));
    let unique = duplicates(&drafts, findings);
    if !unique {
        return drafts;
    }
    let needs = dependencies::needs(&drafts, findings);
    match order(&drafts, &needs) {
        Ok(order) => {
            backwards(&drafts, &order, findings);
            let mut drafts: Vec<_> = drafts.into_iter().map(Some).collect();
            order.into_iter().filter_map(|index| drafts[index].take()).collect()
        }
        Err(faults) => {
            findings.extend(faults);
            drafts
        }
    }
}

/// One number, or one name of a version, twice. Returns whether there is none.
fn duplicates(drafts: &[Draft], findings: &mut Vec<Finding>) -> bool {
    let mut seen = BTreeMap::new();
    let before = findings.len();
    for draft in drafts {
        let key = match (draft.number, draft.numbering) {
            (Some(number), Numbering::Sole) => (Some(number), None),
            (_, numbering) => {
                let place = (numbering == Numbering::Placed).then_some(draft.identity.sequence);
                (None, Some((&draft.identity.version, place, draft.identity.name.as_str())))
            }
        };
        match seen.entry(key) {
            Entry::Vacant(free) => _ = free.insert(draft),
            Entry::Occupied(taken) => findings.push(duplicate(draft, taken.get())),
        }
    }
    findings.len() == before
}

fn duplicate(draft: &Draft, earlier: &Draft) -> Finding {
    let (message, remedy) = match (draft.number, draft.numbering) {
        (Some(number), Numbering::Sole) => {
            (format!("it has the number {number}, and so has {}", earlier.place), "give one of them another number")
        }
        _ => (
            format!(
                "it is called {} in version {}, and so is {}",
                draft.identity.name, draft.identity.version, earlier.place
            ),
            "rename one of them",
        ),
    };
    Finding::critical("duplicate-migration", &*draft.place, message).remedy(remedy)
}

/// The order of application, or each cycle: of migrations, or of versions that would have to be taken apart.
fn order(drafts: &[Draft], needs: &Needs) -> Result<Vec<usize>, Vec<Finding>> {
    topology::sorted(needs).map_err(|cycles| cycles.iter().map(|cycle| circle(drafts, cycle)).collect::<Vec<_>>())?;
    let (hop_of, hops) = hops(drafts);
    let mut hop_needs = vec![Vec::new(); hops.len()];
    for (index, needs) in needs.iter().enumerate() {
        hop_needs[hop_of[index]].extend(needs.iter().map(|need| hop_of[*need]).filter(|hop| *hop != hop_of[index]));
    }
    for needs in &mut hop_needs {
        needs.sort_unstable();
        needs.dedup();
    }
    let hop_order = topology::sorted(&hop_needs)
        .map_err(|cycles| cycles.iter().map(|cycle| torn(drafts, needs, &hop_of, cycle)).collect::<Vec<_>>())?;
    Ok(within(&hop_order, &hop_of, needs))
}

/// To which version, by its rank, each draft belongs; and the versions.
fn hops(drafts: &[Draft]) -> (Vec<usize>, Vec<&Version>) {
    let mut hops: Vec<&Version> = Vec::new();
    let hop_of = drafts
        .iter()
        .map(|draft| {
            if hops.last() != Some(&&draft.identity.version) {
                hops.push(&draft.identity.version);
            }
            hops.len() - 1
        })
        .collect();
    (hop_of, hops)
}

/// The migrations of each version in its turn. Renumbered so, nothing needs a later version's migration, and the sorting
/// that keeps near to the numbers cannot mix them.
fn within(hop_order: &[usize], hop_of: &[usize], needs: &Needs) -> Vec<usize> {
    let mut rank = vec![0; hop_order.len()];
    for (turn, hop) in hop_order.iter().enumerate() {
        rank[*hop] = turn;
    }
    let mut by_turn: Vec<usize> = (0..hop_of.len()).collect();
    by_turn.sort_by_key(|index| rank[hop_of[*index]]);
    let mut turn_of = vec![0; by_turn.len()];
    for (turn, index) in by_turn.iter().enumerate() {
        turn_of[*index] = turn;
    }
    let renumbered = by_turn.iter().map(|index| needs[*index].iter().map(|need| turn_of[*need]).collect()).collect();
    // The needs have been sorted once, so there is no cycle now; were there one, the turns alone would be the order.
    let order = topology::sorted(&renumbered).unwrap_or_else(|_| (0..by_turn.len()).collect());
    order.into_iter().map(|turn| by_turn[turn]).collect()
}

fn circle(drafts: &[Draft], cycle: &[usize]) -> Finding {
    let names: Vec<_> = cycle.iter().map(|index| drafts[*index].place.to_string()).collect();
    let (first, rest) = (names.first().cloned().unwrap_or_default(), names.get(1..).unwrap_or_default());
    let message = match rest {
        [] => "it depends on itself".to_owned(),
        _ => format!("it depends on itself, by way of {}", rest.join(", ")),
    };
    Finding::critical("dependency-cycle", first, message).remedy("remove one of these dependencies")
}

/// The dependencies that would have one of the versions of a cycle both before and after another.
fn torn(drafts: &[Draft], needs: &Needs, hop_of: &[usize], cycle: &[usize]) -> Finding {
    let next = cycle.iter().cycle().skip(1);
    let crossing = cycle.iter().zip(next).filter_map(|(hop, next)| {
        let of_hop = (0..drafts.len()).filter(|index| hop_of[*index] == *hop);
        let mut pairs = of_hop.flat_map(|index| needs[index].iter().map(move |need| (index, *need)));
        pairs.find(|(_, need)| hop_of[*need] == *next)
    });
    let crossing: Vec<_> = crossing.collect();
    let needed = |(index, need): &(usize, usize)| format!("{} needs {}", drafts[*index].place, drafts[*need].place);
    let place = crossing.first().map_or_else(String::new, |(index, _)| drafts[*index].place.to_string());
    let told: Vec<_> = crossing.iter().map(needed).collect();
    let message = format!("its version would have to be taken apart, for {}", told.join(" and "));
    Finding::critical("hop-order", place, message)
        .remedy("a version is applied as a whole: let migrations depend on earlier versions only")
}

/// A version that comes after a later one is as its author ordered it, and surprising all the same.
fn backwards(drafts: &[Draft], order: &[usize], findings: &mut Vec<Finding>) {
    let mut highest: Option<&Version> = None;
    for draft in order.iter().map(|index| &drafts[*index]) {
        let version = &draft.identity.version;
        if let Some(highest) = highest.filter(|highest| *highest > version) {
            let message =
                format!("because of a dependency it is applied after version {highest}, which is later than its own");
            let finding = Finding::warning("later-version-first", &*draft.place, message);
            findings.push(finding.remedy("move it to a later version, or drop the dependency"));
        }
        highest = highest.max(Some(version));
    }
}
