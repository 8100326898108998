"""What mails say, in English and Spanish: plain text and simple HTML of the same words. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from html import escape
from typing import Final


class Text(StrEnum):
    """What there is to say."""

    VERIFY = "VERIFY"
    ALREADY = "ALREADY"
    RESET = "RESET"
    PASSWORD_CHANGED = "PASSWORD_CHANGED"  # noqa: S105 - a name
    NEW_ADDRESS = "NEW_ADDRESS"
    CHANGE_ASKED = "CHANGE_ASKED"
    EMAIL_CHANGED = "EMAIL_CHANGED"
    INVITATION = "INVITATION"


@dataclass(frozen=True)
class Wording:
    """A mail in one language: what stands before the link, on it, and behind it. Mails without a link lack `link`."""

    subject: str
    before: str
    link: str = ""
    behind: str = ""


@dataclass(frozen=True)
class Written:
    """A mail's subject and its two bodies."""

    subject: str
    text: str
    html: str


_NOT_YOU: Final = {
    "en": "If it was not you, you need do nothing: without this link nothing happens.",
    "es": "Si no has sido tú, no hace falta que hagas nada: sin este enlace no pasa nada.",
}

WORDINGS: Final[dict[Text, dict[str, Wording]]] = {
    Text.VERIFY: {
        "en": Wording(
            "Confirm your address",
            "Somebody, we hope you, opens an account at DiseñoPro with this address.",
            "Confirm the address and sign in",
            f"The link works once, within a day. {_NOT_YOU['en']}",
        ),
        "es": Wording(
            "Confirma tu dirección",
            "Alguien, esperamos que tú, abre una cuenta en DiseñoPro con esta dirección.",
            "Confirmar la dirección y entrar",
            f"El enlace sirve una vez, durante un día. {_NOT_YOU['es']}",
        ),
    },
    Text.ALREADY: {
        "en": Wording(
            "You have an account already",
            "Somebody, perhaps you, wanted to use this address for an account at DiseñoPro. It has one already, so "
            "nothing was changed: sign in as always. If you have forgotten the password, set a new one here:",
            "Set a new password",
            f"The link works once, within half an hour. {_NOT_YOU['en']}",
        ),
        "es": Wording(
            "Ya tienes una cuenta",
            "Alguien, quizá tú, quiso usar esta dirección para una cuenta en DiseñoPro. Ya tiene una, así que no ha "
            "cambiado nada: entra como siempre. Si has olvidado la contraseña, elige aquí una nueva:",
            "Elegir una contraseña nueva",
            f"El enlace sirve una vez, durante media hora. {_NOT_YOU['es']}",
        ),
    },
    Text.RESET: {
        "en": Wording(
            "Set a new password",
            "Somebody, we hope you, wants to set a new password for your account at DiseñoPro.",
            "Set a new password",
            f"The link works once, within half an hour, and signs every device out. {_NOT_YOU['en']}",
        ),
        "es": Wording(
            "Elige una contraseña nueva",
            "Alguien, esperamos que tú, quiere elegir una contraseña nueva para tu cuenta en DiseñoPro.",
            "Elegir una contraseña nueva",
            f"El enlace sirve una vez, durante media hora, y cierra la sesión en todos los dispositivos. "
            f"{_NOT_YOU['es']}",
        ),
    },
    Text.PASSWORD_CHANGED: {
        "en": Wording(
            "Your password was changed",
            "The password of your account at DiseñoPro was changed. If it was not you, set a new one at once by asking "
            "for a mail where you sign in.",
        ),
        "es": Wording(
            "Se ha cambiado tu contraseña",
            "Se ha cambiado la contraseña de tu cuenta en DiseñoPro. Si no has sido tú, elige enseguida una nueva: "
            "pide un correo donde inicias sesión.",
        ),
    },
    Text.NEW_ADDRESS: {
        "en": Wording(
            "Confirm your new address",
            "Somebody, we hope you, wants to use this address for their account at DiseñoPro.",
            "Confirm the address",
            f"The link works once, within a day. {_NOT_YOU['en']}",
        ),
        "es": Wording(
            "Confirma tu nueva dirección",
            "Alguien, esperamos que tú, quiere usar esta dirección para su cuenta en DiseñoPro.",
            "Confirmar la dirección",
            f"El enlace sirve una vez, durante un día. {_NOT_YOU['es']}",
        ),
    },
    Text.CHANGE_ASKED: {
        "en": Wording(
            "Your address is to be changed",
            "Somebody who is signed in to your account at DiseñoPro wants to use another address for it. If it was not "
            "you, set a new password at once, which signs every device out and stops the change.",
        ),
        "es": Wording(
            "Se va a cambiar tu dirección",
            "Alguien que ha iniciado sesión en tu cuenta en DiseñoPro quiere usar otra dirección. Si no has sido tú, "
            "elige enseguida una contraseña nueva: así se cierran todas las sesiones y se detiene el cambio.",
        ),
    },
    Text.INVITATION: {
        "en": Wording(
            "You are invited to an organization",
            "A member of an organization at DiseñoPro invites you to work there with them. Who it is, and where, you "
            "see when you follow the link; it is for an account with this address.",
            "See the invitation",
            f"The link works for seven days. {_NOT_YOU['en']}",
        ),
        "es": Wording(
            "Te invitan a una organización",
            "Un miembro de una organización en DiseñoPro te invita a trabajar allí. Quién es, y dónde, lo ves al "
            "seguir el enlace; es para una cuenta con esta dirección.",
            "Ver la invitación",
            f"El enlace sirve durante siete días. {_NOT_YOU['es']}",
        ),
    },
    Text.EMAIL_CHANGED: {
        "en": Wording(
            "Your address was changed",
            "Your account at DiseñoPro has another address from now on; this one is no longer used. If it was not you, "
            "write to our support.",
        ),
        "es": Wording(
            "Se ha cambiado tu dirección",
            "Tu cuenta en DiseñoPro tiene desde ahora otra dirección; esta ya no se usa. Si no has sido tú, escribe a "
            "nuestro servicio de ayuda.",
        ),
    },
}

_GREETINGS: Final = {"en": ("Hello {name},", "Hello,"), "es": ("Hola, {name}:", "Hola:")}


def write(what: Text, locale: str, *, name: str = "", link: str = "") -> Written:
    """Return a mail in the language of a locale (BCP 47), in English where there is no such wording.

    `name` is an account's own: never one that whoever caused the mail could choose, since the mail would say it for us.
    """
    language = locale.partition("-")[0]
    language = language if language in WORDINGS[what] else "en"
    wording = WORDINGS[what][language]
    named, nameless = _GREETINGS[language]
    greeting = named.format(name=name) if name else nameless
    text = [greeting, wording.before]
    html = [f"<p>{escape(greeting)}</p>", f"<p>{escape(wording.before)}</p>"]
    if wording.link:
        text += [f"{wording.link}:\n{link}", wording.behind]
        html += [f'<p><a href="{escape(link)}">{escape(wording.link)}</a></p>', f"<p>{escape(wording.behind)}</p>"]
    page = (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8"><title>{escape(wording.subject)}</title>'
        f"</head><body>{''.join(html)}<p>DiseñoPro</p></body></html>"
    )
    return Written(wording.subject, "\n\n".join([*text, "DiseñoPro"]) + "\n", page)
