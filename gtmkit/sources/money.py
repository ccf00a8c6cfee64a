"""Amounts to ten-thousandths of the reporting currency: normalised, converted and rounded half up, once."""

from gtmkit.sources.engine import local, name, text
from gtmkit.sources.loss import counted
from gtmkit.sources.plan import Plan
from gtmkit.sources.rejects import PRINTED
from gtmkit.sources.typed import DECIMALS
from gtmkit.sources.work import Work

RATE_DECIMALS = 12
KEPT = 4  # decimals of an amount in the store

# interval -> months it stands for, as numerator and denominator of a month's share
PER_MONTH = {"day": (365, 12), "week": (52, 12), "month": (1, 1), "quarter": (1, 3), "year": (1, 12)}


def to_reporting_currency(work: Work, plan: Plan) -> None:
    """Turn the exact amounts of a table into ten-thousandths of the reporting currency.

    An account's subscription rows in one currency are all converted at the rate of the month of its first row
    in it, so that a moving rate is never expansion or churn; other rows at the rate of the month they are of.
    """
    amounts = [column.name for column in work.mapped[plan.name] if column.kind == "money"]
    computed = plan.name == "subscriptions" and work.has("subscriptions", "price_amount")
    if not amounts:
        return
    _rates(work, plan)
    replaced = {column: rounded(name(column), "1", "1") for column in amounts}
    if computed:
        monthly = _monthly(work)
        replaced["mrr_amount"] = (
            f"coalesce({replaced['mrr_amount']}, {monthly})" if "mrr_amount" in replaced else monthly
        )
    table = name(plan.name)
    kept = [column.name for column in work.mapped[plan.name] if column.name not in replaced]
    chosen = ", ".join(
        ["t.record", "t.file", "t.line", "t.broken"]
        + [f"t.{name(column)}" for column in kept]
        + [f"{amount} AS {name(column)}" for column, amount in replaced.items()]
    )
    exact = f"{table} t LEFT JOIN {name('rates ' + plan.name)} r ON t.record = r.record"
    work.connection.execute(
        f"CREATE OR REPLACE TABLE {name('whole ' + plan.name)} AS SELECT {chosen} FROM {exact}"
    )
    origins = {column: column for column in amounts}
    if computed and "mrr_amount" not in origins:
        origins["mrr_amount"] = "price_amount"
    _too_large(work, plan, origins)
    work.connection.execute(f"DROP TABLE {table}")
    work.connection.execute(f"ALTER TABLE {name('whole ' + plan.name)} RENAME TO {table}")


def rounded(amount: str, numerator: str, denominator: str) -> str:
    """SQL: amount x numerator / denominator x rate in ten-thousandths, rounded half away from zero.

    All in whole numbers; null where the amount is null, or too large for 64 bits.
    """
    whole = f"CAST({amount} * {10**DECIMALS} AS HUGEINT) * {numerator}"
    unit = 10 ** (DECIMALS - KEPT)
    home = _half_up(whole, f"CAST({unit} AS HUGEINT) * {denominator}")
    scaled = f"CAST(r.rate * {10**RATE_DECIMALS} AS HUGEINT)"
    foreign = _half_up(f"{whole} * {scaled}", f"CAST({unit * 10**RATE_DECIMALS} AS HUGEINT) * {denominator}")
    either = f"CASE WHEN r.record IS NULL THEN {home} WHEN r.rate IS NOT NULL THEN {foreign} END"
    return f"TRY_CAST({either} AS BIGINT)"


def _half_up(numerator: str, denominator: str) -> str:
    top, bottom = f"CAST({numerator} AS HUGEINT)", f"CAST({denominator} AS HUGEINT)"
    return f"TRY(sign({top}) * ((abs({top}) * 2 + {bottom}) // ({bottom} * 2)))"


def _monthly(work: Work) -> str:
    """SQL: the monthly amount of a price for an interval."""
    interval = 't."interval"'
    top = " ".join(f"WHEN {text(unit)} THEN {share[0]}" for unit, share in PER_MONTH.items())
    bottom = " ".join(f"WHEN {text(unit)} THEN {share[1]}" for unit, share in PER_MONTH.items())
    quantity = "coalesce(t.quantity, 1)" if work.has("subscriptions", "quantity") else "1"
    intervals = "coalesce(t.interval_count, 1)" if work.has("subscriptions", "interval_count") else "1"
    return rounded(
        "t.price_amount",
        f"CASE {interval} {top} END * {quantity}",
        f"CASE {interval} {bottom} END * {intervals}",
    )


def _too_large(work: Work, plan: Plan, origins: dict[str, str]) -> None:
    for column, origin in origins.items():
        lost = work.rows(
            f"SELECT w.line FROM {name('whole ' + plan.name)} w JOIN {name(plan.name)} t USING (record) "
            f"LEFT JOIN {name('rates ' + plan.name)} r USING (record) WHERE t.{name(origin)} IS NOT NULL "
            f"AND w.{name(column)} IS NULL AND (r.record IS NULL OR r.rate IS NOT NULL) ORDER BY 1"
        )
        if lost:
            work.faults.append(
                f"{plan.name}.{column} is too large once converted: {counted(len(lost))}, first on line "
                f"{lost[0][0]}. Amounts stay below 9e14 of the reporting currency. "
                f"Correct the export or the rate."
            )


# --- rates


def check_rates(work: Work) -> None:
    """Keep the exchange rates exactly, by month and currency; the reporting currency's own can only be 1."""
    work.connection.execute(
        f"CREATE TABLE rates (month_on DATE, currency VARCHAR, rate DECIMAL(38, {RATE_DECIMALS}))"
    )
    if "exchange_rates" not in work.mapped:
        return
    # Through its shortest text a double gives back the decimals it was written with.
    exact = f"CAST(CAST(rate AS VARCHAR) AS DECIMAL(38, {RATE_DECIMALS}))"
    work.connection.execute(
        f"INSERT INTO rates SELECT month_on, upper(trim(currency)), {exact} FROM exchange_rates"
    )
    home = work.config.company.currency
    wrong = work.rows(f"SELECT DISTINCT rate FROM rates WHERE currency = {text(home)} AND rate <> 1")
    if wrong:
        work.faults.append(
            f"exchange_rates gives {home} a rate of {float(str(wrong[0][0])):g}, but {home} is the company's "
            f"currency. Rates turn another currency into {home}; correct them, or [company] currency."
        )


def _rates(work: Work, plan: Plan) -> None:
    """Table "rates NAME": the rate of each row in another currency; null where the row has no date."""
    rates = name("rates " + plan.name)
    work.connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {rates} (record BIGINT, rate DECIMAL(38, {RATE_DECIMALS}))"
    )
    foreign = _foreign(work, plan)
    if foreign is None:
        return
    work.connection.execute(f"CREATE OR REPLACE TEMP TABLE wanted AS {foreign}")
    work.connection.execute(
        f"INSERT INTO {rates} SELECT w.record, r.rate FROM wanted w "
        f"LEFT JOIN rates r ON r.currency = w.currency AND r.month_on = w.month_on"
    )
    missing = work.rows(
        "SELECT w.currency, strftime(w.month_on, '%Y-%m'), count(*) FROM wanted w "
        "ANTI JOIN rates r ON r.currency = w.currency AND r.month_on = w.month_on "
        "WHERE w.month_on IS NOT NULL GROUP BY 1, 2 ORDER BY 1, 2"
    )
    if missing:
        pairs = ", ".join(f"{currency} {month}" for currency, month, _ in missing[:PRINTED])
        more = f" and {len(missing) - PRINTED:,} more" if len(missing) > PRINTED else ""
        rows = sum(int(str(row[2])) for row in missing)
        work.faults.append(
            f"{plan.name}: {counted(rows)} in a currency without a rate to {work.config.company.currency}: "
            f"{pairs}{more}. Add a row for each of these months to exchange_rates (month_on, currency, rate)."
        )
    undated = work.number("SELECT count(*) FROM wanted WHERE month_on IS NULL")
    work.loss.add(plan.name, "not converted", undated, "amounts in another currency without a date")


def _foreign(work: Work, plan: Plan) -> str | None:
    """SQL: record, currency and month of the rate of rows in another currency; None without currencies."""
    home = text(work.config.company.currency)
    zone = work.config.company.timezone
    table = name(plan.name)
    if plan.name == "stage_changes":
        if not work.has("opportunities", "currency"):
            return None
        days = [*_days(work, "opportunities", "o."), local("t.entered_at", zone)]
        return (
            f"SELECT t.record, upper(trim(o.currency)) AS currency, {_month(days)} AS month_on "
            f"FROM {table} t JOIN opportunities o USING (opportunity_id) "
            f"WHERE upper(trim(o.currency)) <> {home}"
        )
    if not work.has(plan.name, "currency"):
        return None
    rows = f"(SELECT *, upper(trim(currency)) AS code FROM {table} WHERE upper(trim(currency)) <> {home})"
    if plan.name == "subscriptions":
        first = f"min({name(str(plan.dated))}) OVER (PARTITION BY account_id, code)"
        return f"SELECT record, code AS currency, {_month([first])} AS month_on FROM {rows}"
    return f"SELECT record, code AS currency, {_month(_days(work, plan.name))} AS month_on FROM {rows}"


def _days(work: Work, table: str, prefix: str = "") -> list[str]:
    """SQL: the days of which the first known one dates the rate of a row."""
    given = {column.name for column in work.mapped[table]}
    return [
        local(prefix + column, work.config.company.timezone) if column.endswith("_at") else prefix + column
        for column in ("created_at", "month_on", "day_on", "closed_on")
        if column in given
    ]


def _month(days: list[str]) -> str:
    return f"CAST(date_trunc('month', coalesce({', '.join(f'CAST({day} AS DATE)' for day in days)})) AS DATE)"
