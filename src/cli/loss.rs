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
    let how = match item.what {
        Going::TableDropped => "rows of a dropped table",
        Going::TableEmptied => "rows of an emptied table",
        Going::ColumnDropped => "values of a dropped column",
        Going::PartitionEmptied => "rows of a partition",
        Going::RowsSinceSnapshot => "rows that came since",
    };
    let column = item.column.clone().unwrap_or_default();
    [item.count.to_string(), item.rows_of(), column, how.to_owned(), item.place.clone()]
}
