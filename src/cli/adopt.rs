//! `windlass adopt`

use clap::{Args, builder::PossibleValuesParser, builder::TypedValueParser};
use semver::Version;

use super::{
    call::Call,
    carry_out::{carry_out, outcome},
    exit::Exit,
    failure::Failure,
    run_report,
};
use crate::model::{order::Order, tool::Tool};

/// Take over the history that another tool left in the database; changes none of the application's tables, nor the tool's
///
/// The migrations that the tool applied are run in an empty database beside, and the schema there is compared with the one
/// that is: where they differ, nothing is taken over.
#[derive(Debug, Args)]
pub struct Adopt {
    /// Say yourself that it holds everything up to this version, without a proof
    #[arg(long, value_name = "VERSION")]
    pub baseline: Option<Version>,
    /// The tool, where several left a history
    #[arg(long, value_name = "TOOL", conflicts_with = "baseline", value_parser = tools())]
    pub from: Option<Tool>,
    /// Take the history over although the schema is not what its migrations make
    #[arg(long, conflicts_with = "baseline")]
    pub accept_differences: bool,
    /// Give a history back that was taken over, as long as nothing was run since
    #[arg(long, conflicts_with_all = ["baseline", "from", "accept_differences"])]
    pub undo: bool,
}

impl Adopt {
    fn order(self) -> Order {
        match self.baseline {
            _ if self.undo => Order::Unadopt,
            Some(version) => Order::Baseline { version },
            None => Order::Adopt { from: self.from, accept_differences: self.accept_differences },
        }
    }
}

fn tools() -> impl TypedValueParser<Value = Tool> {
    let known = |word: String| Tool::ALL.into_iter().find(|tool| tool.as_str() == word).ok_or("no such tool");
    PossibleValuesParser::new(Tool::ALL.map(Tool::as_str)).try_map(known)
}

pub(super) async fn run(adopt: Adopt, call: &Call) -> Result<Exit, Failure> {
    call.only_here("windlass adopt")?;
    let place = call.place()?;
    let job = carry_out(call, &place, &adopt.order(), None).await?;
    run_report::print(call.output, &job);
    outcome(&job)
}
