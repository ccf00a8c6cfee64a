"""The files of a sample, read plainly: what a careful reader without gtmkit makes of them."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from gtmkit.sample.truths import STAGES

FIRST, LAST = pd.Timestamp("2023-11-01"), pd.Timestamp("2026-10-31")
YEAR = pd.DateOffset(years=1)


def month_number(days: pd.DatetimeIndex | pd.Series) -> np.ndarray:
    """Months since 1970."""
    return np.asarray(days, dtype="datetime64[M]").astype(int)


@dataclass
class Written:
    """The files of one sample, read plainly; exact repetitions and internal accounts are out."""

    folder: Path

    def raw(self, name: str) -> pd.DataFrame:
        file = next(f for f in (self.folder / f"{name}.csv", self.folder / f"{name}.csv.gz") if f.exists())
        return pd.read_csv(file, dtype=str, keep_default_na=False)

    def rows(self, name: str, account: str) -> pd.DataFrame:
        own = self.accounts.loc[self.accounts["Internal"] == "true", "Account ID"]
        table = self.raw(name).drop_duplicates()
        return table[~table[account].isin(own)].reset_index(drop=True)

    @cached_property
    def accounts(self) -> pd.DataFrame:
        return self.raw("accounts")

    @cached_property
    def segment(self) -> pd.Series:
        """The segment of each account when it was met."""
        changes = self.raw("account_changes")
        changes = changes[changes["column"] == "segment"].sort_values("changed_on", kind="stable")
        return changes.groupby("account_id")["value"].first()

    @cached_property
    def deals(self) -> pd.DataFrame:
        found = self.rows("opportunities", "AccountId")
        for name, column in (("created", "CreatedDate"), ("closed", "Closed_Date__c")):
            found[name] = pd.to_datetime(found[column], format="%m/%d/%Y", errors="coerce")
        found["won"] = found["StageName"] == "Closed Won"
        found["days"] = (found["closed"] - found["created"]).dt.days
        return found.rename(columns={"Segment__c": "segment"})

    @cached_property
    def new(self) -> pd.DataFrame:
        return self.deals[self.deals["Type"] == "New Business"]

    @cached_property
    def trail(self) -> pd.DataFrame:
        """Stage changes of new and expansion deals, with the instant of the next one."""
        found = self.raw("stage_changes")
        found = found[
            found["OpportunityId"].isin(self.deals.loc[self.deals["Type"] != "Renewal", "Id"])
        ].copy()
        found["at"] = pd.to_datetime(found["CreatedDate"], format="%Y-%m-%dT%H:%M:%SZ")
        found["stage"] = found["StageName"].str.lower().str.replace(" ", "_")
        found["rank"] = found["stage"].map(
            {s: k for k, s in enumerate([*STAGES, "closed_won", "closed_lost"])}
        )
        found["amount"] = found["Amount"].astype(float)
        found = found.sort_values(["OpportunityId", "at", "rank"], ignore_index=True)
        found["until"] = found.groupby("OpportunityId")["at"].shift(-1).fillna(LAST + pd.Timedelta(days=1))
        return found

    @cached_property
    def lines(self) -> pd.DataFrame:
        found = self.rows("subscriptions", "Customer ID")
        opened = found.groupby("Customer ID")["Start Date"].transform("min").str[:7]
        found = found.assign(opened=opened)[found["Status"] != "Trial"].copy()
        found["start"] = pd.to_datetime(found["Start Date"])
        found["end"] = pd.to_datetime(found["End Date"])
        rates = self.raw("exchange_rates")
        rate = dict(zip(rates["month_on"].str[:7], rates["rate"].astype(float), strict=True))
        euro = found["opened"].map(rate).where(found["Currency"] == "EUR", 1.0)
        months = found["Billing Period"].map({"Monthly": 1, "Annual": 12})
        found["price"] = found["Price"].astype(float)
        found["mrr"] = found["price"] * euro / months
        return found

    @cached_property
    def grid(self) -> pd.DataFrame:
        """MRR of each account (rows) at each month end (columns)."""
        ends = pd.date_range("2022-11-30", LAST, freq="ME")
        lines = self.lines
        held = {
            day: lines[(lines["start"] <= day) & ~(lines["end"] <= day)].groupby("Customer ID")["mrr"].sum()
            for day in ends
        }
        return pd.DataFrame(held).fillna(0.0)

    def retention(self, segment: str | None = None, until: pd.Timestamp = LAST) -> tuple[float, float, float]:
        """Net, gross and logo retention over the twelve months to a month end."""
        before, after = self.grid[until - YEAR + pd.offsets.MonthEnd(0)], self.grid[until]
        there = before > 0
        if segment:
            there &= self.segment.reindex(before.index) == segment
        x, y = before[there], after[there]
        return y.sum() / x.sum(), np.minimum(x, y).sum() / x.sum(), (y > 0).mean()

    @cached_property
    def cohort(self) -> pd.DataFrame:
        """Each account's first month end with MRR, and whether it pays twelve month ends later."""
        grid = self.grid[(self.grid > 0).any(axis=1)]
        first = np.argmax(grid.to_numpy() > 0, axis=1)
        later = np.minimum(first + 12, grid.shape[1] - 1)
        found = pd.DataFrame({"first": grid.columns[first]}, index=grid.index)
        found["stays"] = grid.to_numpy()[np.arange(len(grid)), later] > 0
        found["segment"] = self.segment.reindex(grid.index)
        return found[first + 12 < grid.shape[1]]

    @cached_property
    def channel(self) -> pd.Series:
        return self.accounts.set_index("Account ID")["Channel"]

    @cached_property
    def logos(self) -> pd.DataFrame:
        """Each new logo's month (months since 1970) and channel."""
        grid = self.grid[(self.grid > 0).any(axis=1)]
        first = grid.columns[np.argmax(grid.to_numpy() > 0, axis=1)]
        return pd.DataFrame(
            {"month": month_number(first), "channel": self.channel.reindex(grid.index).to_numpy()}
        )

    @cached_property
    def spend(self) -> pd.DataFrame:
        found = self.raw("spend")
        return found.assign(
            amount=found["Amount"].astype(float), month=month_number(pd.to_datetime(found["Month"]))
        )

    @cached_property
    def finance(self) -> pd.DataFrame:
        found = self.raw("finance").set_index("Month").astype(float)
        return found.set_index(month_number(pd.to_datetime(found.index)))

    @cached_property
    def user_accounts(self) -> pd.Series:
        """The account of each user, by the events that name it, else by the identities."""
        events = self.raw("events")
        named = events[events["account_id"] != ""].drop_duplicates("user_id")
        linked = self.raw("identities")
        linked = linked[linked["user_id"] != ""]
        return pd.concat(
            [named.set_index("user_id")["account_id"], linked.set_index("user_id")["account_id"]]
        )

    @cached_property
    def activated(self) -> pd.DataFrame:
        """Each customer's start and the days to its activation by the rule of gtm.toml, null = never.

        Three people with teammate_invited, and two workflow_completed on two of any seven days in a row.
        """
        found = self.accounts[(self.accounts["Customer Since"] != "") & (self.accounts["Internal"] != "true")]
        start = pd.to_datetime(found.set_index("Account ID")["Customer Since"])
        events = self.raw("events").drop_duplicates()
        events = events[events["event"].isin(["teammate_invited", "workflow_completed"])]
        account = events["user_id"].map(self.user_accounts)
        at = pd.to_datetime(events["timestamp"], format="%Y-%m-%dT%H:%M:%SZ", errors="coerce", utc=True)
        day = at.dt.tz_convert("America/New_York").dt.tz_localize(None).dt.normalize()
        events = events.assign(account=account, day=day).dropna(subset=["account", "day"]).sort_values("day")
        people = events[events["event"] == "teammate_invited"].drop_duplicates(["account", "user_id"])
        third = people.groupby("account")["day"].nth(2)
        third.index = people.loc[third.index, "account"]
        ran = events[events["event"] == "workflow_completed"]
        before = ran.groupby("account")["day"].shift()
        pair = ran[(ran["day"] - before) <= pd.Timedelta(days=6)].groupby("account")["day"].min()
        met = pd.concat([third.reindex(start.index), pair.reindex(start.index)], axis=1).max(
            axis=1, skipna=False
        )
        days = (met - start).dt.days.clip(lower=0)
        return pd.DataFrame({"start": start, "days": days, "channel": self.channel.reindex(start.index)})

    @cached_property
    def churned(self) -> pd.DataFrame:
        """Each account that paid at a month end and then no more, with the last line's end and its reason."""
        paid = self.grid > 0
        ends = self.lines.groupby("Customer ID")["end"].min()
        last = self.lines.groupby("Customer ID")["end"].max()
        own = paid.index[(paid.to_numpy()[:, :-1] & ~paid.to_numpy()[:, 1:]).any(axis=1)]
        first = (
            self.lines[self.lines["Subscription ID"].str.endswith("_1")].groupby("Customer ID")["end"].max()
        )
        found = pd.DataFrame({"end": first.reindex(own).fillna(last.reindex(own)).fillna(ends.reindex(own))})
        events = self.raw("churn_events")
        events = events.assign(day=pd.to_datetime(events["Date"])).set_index("Account")
        found = found.join(events[["day", "Reason"]])
        near = (found["day"] - found["end"]).abs() <= pd.Timedelta(days=45)
        found["Reason"] = found["Reason"].where(near)
        return found.assign(
            path=self.accounts.set_index("Account ID")["Onboarding Path"].reindex(found.index)
        )

    @cached_property
    def steps(self) -> pd.DataFrame:
        """Each change of price within a subscription, and its ratio."""
        found = self.lines.sort_values(["Subscription ID", "start"])
        before = found.groupby("Subscription ID")["price"].shift()
        found = found.assign(
            ratio=found["price"] / before, first=found.groupby("Subscription ID")["start"].transform("min")
        )
        return found[found["ratio"].notna()]
