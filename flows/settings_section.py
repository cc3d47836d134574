"""What the parts of the settings are made of."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Port = Annotated[int, Field(ge=0, le=65535)]
Positive = Annotated[float, Field(gt=0)]
Share = Annotated[float, Field(ge=0, le=1)]


class Section(BaseModel):
    """A part of the tree; an unknown name is an error, not a typo that goes unseen."""

    model_config = ConfigDict(extra="forbid", frozen=True)
