"""What the pages of the sample brands look like: two colours and two small drawings of our own."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from prefcenter.services.brand_looks import LookChange

_MOUNTAINS: Final = (
    "iVBORw0KGgoAAAANSUhEUgAAAGAAAABgBAMAAAAQtmoLAAAAMFBMVEX////w9fPh6+bS4drD2M20zsGlxLWWuqiGsJx3po9onINZ"
    "kndKiWo7f14sdVEda0Xc0Oa5AAACOElEQVR42u2VsU7DMBCGU1JKq4LUiQWE+gAI2FgQ8AAIeAQkFhZE3wAYkDrRDszkFWBmoIgH"
    "CAiJFXVjq4Sq0qqlR5y4qWP7j83Ekn9zcp/j3H/nc5xMmTL9QbmTh6tKasRhMr5BRJ9pRL6dWG4T01sKUB6IK7cTAuMNDBxQVVit"
    "UKQnDHxQU1g1ONCH8QWiL+GXOxwYQ2CBaDhdzdJEuwg4S7wsxsAFsomd4S5eloxAuGX3D0CYxpHmSDUARGk8Un8aODcTpfElfjBJ"
    "6w/4AD9zTzGuB4B1vl9cnfMcuAOAJ+eEn3EE6tsdh+99mpb4agjco9J+3greDgpirZ0GT95RXexVcj4F1bo/Fo6wWT+GlXfpOEss"
    "IW6nad/0HnNtq2UPuGENViyjS+wo7rv9HeSzhG/DSlO0zLp9tkPBxXFjEb7ofgRVscF6rlkaWgCNa2bqZ1gKPm5i9YaIxBO7iIFi"
    "In5S0Lc4wWtJIGqZPGHPvSQQ9em8cCPI3SnF0yt7ei7cCPrunKrPE4Fc3JEBVuJslzYAHmWA9ekB6ycweJR4trWP7+GyCgycOdFC"
    "ZfCoqkbz5xsMHlVNL/573eBR1ZuA+sGD1QWDB2pkLG1ZNVNpaxzRDR6sARg8WLv6wYPVMpW2rG/94MGSzfZMgGS2a4yXzC6bgZGx"
    "tFPNfrQA2undmW72gg0gmn1mBbTSuzPN7IJVvGD2ih0wNbthCXTtulM1u0i2qmkHj9lszxrgZtftVXEyZfo//QKXnLb6qyeILAAA"
    "AABJRU5ErkJggg=="
)
_BIRD: Final = (
    "iVBORw0KGgoAAAANSUhEUgAAAGAAAABgBAMAAAAQtmoLAAAAMFBMVEX////w9Pnh6vPS3+7D1Oi0yuKlv9yWtNaIqtF5n8tqlMVb"
    "ir9Mf7k9dLQuaq4fX6gyk/AjAAACGklEQVR42u2Wuy8EQRzHf1jv5lRIRFQUClcJClGIRkL8A0gkCo1HrUAUG494JRoJlUSiQIII"
    "EjRUcoWESxQi4nGFnBBxzt3+7N3avd2d38zNRbvf4naz9/3MzszvMQvgyZMnT0JVr1wejmTgb8KEdqX9BWhoXNKfFfgDYj45oAJN"
    "nckBWxYQk/LnYUpjMkDl3+h3+s+9DDCY9Gt+JYwYkQGMPfoEmEOMC52tuvRNNWb0BtCpXxb5yTBtGA/6jesHQE/iukfbc2bRpagZ"
    "vxsqeqV3yChojhGqYvxlYRSJ2ao8sf/b7/Jnnwj9QWYNHUL/vjB1WC3xMoGjd8jwBUS2Nov8VMkFRMADv95JaX5utdj0k7rdIbJo"
    "jk0E69E1laZs1kXMl5LFk8NO/KvIvCNWAPkscG/twxABFBKxsoB5AihGttKsKW1zgKijHOahLh2gNdn8z7ZOyQPwrN3yv/hs+7DN"
    "OwliVTVG0WnLjlCOcRvvE0CbuqlOJtpDbWp6vQRQ406CRtt62NzOHjX/C3UlHygzjg12q8GeSLeqqh47IvLpsueuolinzoNvIJzG"
    "jy0ZNC+2QSpp/a4ZpQfiPh7wSgNXwAHOSwIyHckEtAmAcgpYABKIJtOlm/U/AgkEjcMoi+k1ER8JrFtRWXOdOeyppgPxYVvcR+3+"
    "C6IFKxhqcea5Ffof8tNNOWdGqZ86Qjza6PM+eD158vR//QK+4cQXiI8mGgAAAABJRU5ErkJggg=="
)

LOOKS: Final[Mapping[str, LookChange]] = MappingProxyType(
    {
        "acme": LookChange(accent="#1d6b45", logo=base64.b64decode(_MOUNTAINS)),
        "bluebird": LookChange(accent="#1f5fa8", logo=base64.b64decode(_BIRD)),
    }
)
"""The look of each sample brand, by its slug."""
