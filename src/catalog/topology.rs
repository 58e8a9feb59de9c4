//! An order in which everything comes after what it needs.

use std::{cmp::Reverse, collections::BinaryHeap};

/// What each of `0..n` needs: `needs[i]` lists what must come before `i`, each once.
pub type Needs = Vec<Vec<usize>>;

/// The order in which everything comes after what it needs and is otherwise as near to its own number as can be.
///
/// # Errors
/// Every cycle, each as the list of its members in the order of their needs.
pub fn sorted(needs: &Needs) -> Result<Vec<usize>, Vec<Vec<usize>>> {
    let mut open: Vec<usize> = needs.iter().map(Vec::len).collect();
    let mut needed_by = vec![Vec::new(); needs.len()];
    for (index, needs) in needs.iter().enumerate() {
        for need in needs {
            needed_by[*need].push(index);
        }
    }
    let mut ready: BinaryHeap<_> = (0..needs.len()).filter(|index| open[*index] == 0).map(Reverse).collect();
    let mut order = Vec::with_capacity(needs.len());
    while let Some(Reverse(index)) = ready.pop() {
        order.push(index);
        for waiting in &needed_by[index] {
            open[*waiting] -= 1;
            if open[*waiting] == 0 {
                ready.push(Reverse(*waiting));
            }
        }
    }
    if order.len() == needs.len() { Ok(order) } else { Err(cycles(needs, &open)) }
}

/// Whatever is still open needs something that is still open; following that leads into a cycle.
fn cycles(needs: &Needs, open: &[usize]) -> Vec<Vec<usize>> {
    let mut seen_from = vec![None; needs.len()];
    let mut cycles = Vec::new();
    for start in (0..needs.len()).filter(|index| open[*index] > 0) {
        let mut path = Vec::new();
        let mut at = start;
        while seen_from[at].is_none() {
            seen_from[at] = Some(start);
            path.push(at);
            let Some(next) = needs[at].iter().find(|need| open[**need] > 0) else { break };
            at = *next;
        }
        if seen_from[at] == Some(start)
            && let Some(entry) = path.iter().position(|index| *index == at)
        {
            cycles.push(path.split_off(entry));
        }
    }
    cycles
}
