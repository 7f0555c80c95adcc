"""The log's tree, checkpoints, witnesses and custody."""

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass
