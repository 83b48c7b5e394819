"""`caravan migrate`: bring the database to this version's tables, without starting anything."""

from __future__ import annotations

import typer

from bot.cli.settings import settings_of


def migrate(ctx: typer.Context) -> None:
    """Bring the database to this version's tables. A copy of it is made first. `caravan run` does the same.

    \b
    Example: caravan migrate
    """
    from bot.cli.database import alone, bring_up_to_date, named, revisions_of, tables
    from cohorts import migrations

    with alone(settings_of(ctx)) as store:
        newest = named(tables().newest)
        name = store.file or "the database"
        before = revisions_of(store.file) if store.file is not None and store.file.exists() else frozenset()
        if not migrations.pending(store):
            typer.echo(f"{name}: the tables are those of this version already ({newest})")
            return
        backup = bring_up_to_date(store)
        typer.echo(f"{name}: brought from {named(before)} to {newest}")
        if backup is not None:
            typer.echo(f"as it was before: {backup}")
