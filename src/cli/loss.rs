//! What an order would take away, for a person.

use super::{
    output::Page,
    table::{Table, Tone},
};
use crate::model::loss::{Going, Loss, LossItem};

/// The list as a table, and its digest; nothing where nothing would go.
pub(super) fn listed(page: Page, loss: &Loss) -> Page {
    let there: Vec<&LossItem> = loss.items.iter().filter(|item| item.count > 0).collect();
    if there.is_empty() {
        return page;
    }
    let header = Table::of(["lost", "table", "column", "how", "place"]);
    let table = there.into_iter().fold(header, |table, item| table.row(Tone::Careful, row(item)));
    page.table(&table).line(format!("loss: {}", loss.digest))
}

fn row(item: &LossItem) -> [String; 5] {
    let how = match (item.what, &item.partition) {
        (Going::PartitionEmptied, Some(partition)) => format!("rows of its partition {partition}"),
        (Going::PartitionEmptied, None) => "rows of its partition".to_owned(),
        (Going::TableDropped, _) => "rows of a dropped table".to_owned(),
        (Going::TableEmptied, _) => "rows of an emptied table".to_owned(),
        (Going::ColumnDropped, _) => "values of a dropped column".to_owned(),
        (Going::RowsSinceSnapshot, _) => "rows that came since".to_owned(),
    };
    let column = item.column.clone().unwrap_or_default();
    [item.count.to_string(), item.table.clone(), column, how, item.place.clone()]
}
