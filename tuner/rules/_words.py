"""What people believe, as their comments say it, in six languages.

English, Korean, Chinese, Russian, Indonesian, Spanish. A belief is found sentence by sentence, and
a sentence that denies it is none. Patterns are compiled when the first comment is read, so that a
host without comments pays nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

TIME_WAIT = r"time[\s_-]*wait|타임\s*웨이트|时间等待|時間等待|тайм[\s-]*вейт"
"""TIME_WAIT, however it is spelled."""

FIN_WAIT = r"fin[\s_-]*wait"

DENIAL = (
    r"\b(?:not|never|nothing|cannot|unrelated|irrelevant)\b|n[o']?t\s|n't\b|no effect"
    r"|아니|않|무관|상관\s*없|영향.{0,3}없"
    r"|不(?:影响|影響|改变|改變|会|會|能|是)|无关|無關|並非|而非"
    r"|\bне\b|\bникак"  # noqa: RUF001 - Russian
    r"|\b(?:tidak|bukan)\b"
    r"|\bno\s+(?:afecta|cambia|influye|modifica|tiene|toca|acorta|reduce|es)\b"
)
"""Words that turn a sentence round."""

SHORTEN = (
    r"reduc|decreas|lower|short|fewer|less\b|faster|quick|speed|clean|kill|clear|free|avoid|prevent"
    r"|limit|fix|solv|drop|tune|helps?\b|disminu|acort|libera|evita"
    r"|减少|減少|缩短|縮短|快速|加快|降低|清理|释放|释|解决|避免|防止"
    r"|줄이|줄여|단축|빨리|빠르|감소|방지|정리"
    r"|kurang|percepat|bersih|cepat|mempersingkat"
    r"|уменьш|сократ|снизи|ускор|быстр|очист|избав"
)
"""Words for less, shorter, sooner, gone."""

SECURITY = (
    r"uptime|fingerprint|secur|harden|attack|leak|hide|disclos|안전|보안|공격|노출"
    r"|安全|攻击|攻擊|泄露|безопасн|атак|keamanan|serangan|segurid|ataque"
)
SPEED = (
    r"perform|cpu|speed|fast|throughput|overhead|latency|성능|속도|부하|性能|开销|開銷|速度|负载"
    r"|производит|скорост|нагрузк|kinerja|performa|rendimiento|velocidad"
)
NAT = r"\bnat(?:ed|ted|ing)?\b|masquerad|\bsnat\b|내부망|地址转换|地址轉換|трансляц"

_SENTENCES = r"[.!?;]\s+|[;\u3002\uff01\uff1f]"

_ADDRESS = r"https?://\S+"


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


def says(pattern: str, text: str) -> bool:
    """Tell whether the text has one of the words."""
    if not text:
        return False
    return _compiled(pattern).search(_compiled(_ADDRESS).sub("", text)) is not None


def sentences(note: str) -> Iterator[str]:
    """Yield a comment sentence by sentence, without the addresses of pages; its lines run on."""
    if note:
        text = _compiled(_ADDRESS).sub("", " ".join(note.split("\n")))
        yield from _compiled(_SENTENCES).split(text)


def believes(note: str, *patterns: str) -> bool:
    """Tell whether one sentence of a comment has a word of each pattern and denies nothing."""
    return any(
        all(says(pattern, sentence) for pattern in patterns) and not says(DENIAL, sentence)
        for sentence in sentences(note)
    )
