"""Replies to thanks and to questions about the assistant, in each language."""

import re
from functools import lru_cache

from gemulator.generate.text.languages.word_blocks import lines

_LONGEST = 80
# Language code, pattern of the prompt :: reply / alternative reply
_THANKS = """
en ^\\W*(?:ok(?:ay)?[,.! ]+)?(?:many )?(?:thanks|thank you|thx|cheers)\\b[^?]{0,30}$ :: You are welcome! Is there anything else I can do for you? / Gladly. Let me know if something else comes up.
de ^\\W*(?:vielen |herzlichen )?dank(?:e|eschön)?\\b[^?]{0,30}$ :: Gern geschehen! Kann ich sonst noch etwas für Sie tun? / Sehr gern. Melden Sie sich, wenn noch etwas ist.
fr ^\\W*merci\\b[^?]{0,30}$ :: Avec plaisir ! Puis-je faire autre chose pour vous ? / Je vous en prie. N’hésitez pas à revenir.
es ^\\W*(?:muchas )?gracias\\b[^?]{0,30}$ :: ¡De nada! ¿Puedo ayudar en algo más? / Con mucho gusto. Aquí estoy si hace falta algo más.
pt ^\\W*(?:muito )?obrigad[oa]\\b[^?]{0,30}$ :: De nada! Posso ajudar em mais alguma coisa? / Foi um prazer. É só chamar se precisar de algo mais.
ja ^\\W*(?:どうも)?ありがとう[^?？]{0,12}$ :: どういたしまして。ほかにお手伝いできることはありますか。 / お役に立ててよかったです。またいつでもどうぞ。
zh ^\\W*(?:多谢|谢谢|謝謝)[^?？]{0,8}$ :: 不客气！还有什么可以帮您的吗？ / 很高兴能帮上忙，有需要随时找我。
ko ^\\W*(?:정말 )?(?:감사합니다|고마워|고맙습니다)[^?]{0,8}$ :: 천만에요! 더 도와드릴 일이 있을까요? / 도움이 되었다니 기쁩니다. 언제든 말씀해 주세요.
ar ^\\W*شكر[اًا]*[^؟?]{0,16}$ :: على الرحب والسعة! هل هناك شيء آخر أساعدك فيه؟ / بكل سرور، أنا هنا متى احتجت.
hi ^\\W*(?:बहुत )?(?:धन्यवाद|शुक्रिया)[^?]{0,16}$ :: आपका स्वागत है! क्या मैं और कुछ मदद कर सकता हूँ? / ख़ुशी से। ज़रूरत हो तो फिर बताइए।
"""
_WHO = """
en (?:what(?:'s| is) your name|who are you|what are you|what can you do|how can you help)\\b[^,;]{0,24}$ :: I am an assistant. I answer questions, write texts, lists, tables and code, and call the tools that I am given. / An assistant at your service: ask a question, or tell me what to write, compare or look up.
de (?:wie hei(?:ß|ss)t du|wer bist du|was bist du|was kannst du)\\b[^,;]{0,24}$ :: Ich bin ein Assistent. Ich beantworte Fragen, schreibe Texte, Listen, Tabellen und Code und rufe die Werkzeuge auf, die ich bekomme.
fr (?:comment t['’]appelles-tu|qui es-tu|qui êtes-vous|que (?:peux-tu|sais-tu|pouvez-vous) faire)[^,;]{0,24}$ :: Je suis un assistant. Je réponds aux questions, j’écris des textes, des listes, des tableaux et du code, et j’appelle les outils fournis.
es (?:cómo te llamas|quién eres|qué eres|qué (?:puedes|sabes) hacer)[^,;]{0,24}$ :: Soy un asistente. Respondo preguntas, escribo textos, listas, tablas y código, y uso las herramientas que me dan.
pt (?:qual é o seu nome|quem é você|o que você (?:é|faz|pode fazer|sabe fazer))[^,;]{0,24}$ :: Sou um assistente. Respondo a perguntas, escrevo textos, listas, tabelas e código, e uso as ferramentas que recebo.
ja (?:あなたは(?:誰|だれ)|お名前は|何ができ|なにができ)[^,;]{0,16}$ :: アシスタントです。質問に答え、文章や表、コードを書き、用意されたツールを呼び出します。
zh (?:你是谁|您是谁|你叫什么|你能做什么|你会做什么)[^,;]{0,12}$ :: 我是一个助手，可以回答问题，撰写文字、列表、表格和代码，也会调用提供的工具。
ko (?:누구(?:세요|야|니)|이름이 (?:뭐|무엇)|무엇을 할 수|뭘 할 수|뭐 할 수)[^,;]{0,16}$ :: 저는 도우미입니다. 질문에 답하고 글, 목록, 표, 코드를 쓰며 제공된 도구를 호출합니다.
ar (?:من أنت|ما اسمك|ماذا (?:يمكنك|تستطيع) أن تفعل)[^,;]{0,16}$ :: أنا مساعد. أجيب عن الأسئلة وأكتب النصوص والقوائم والجداول والشيفرة، وأستدعي الأدوات المتاحة لي.
hi (?:आप कौन हैं|तुम कौन हो|आपका नाम क्या|आप क्या कर सकते)[^,;]{0,16}$ :: मैं एक सहायक हूँ। मैं सवालों के जवाब देता हूँ, लेख, सूचियाँ, तालिकाएँ और कोड लिखता हूँ, और दिए गए टूल चलाता हूँ।
"""


@lru_cache(maxsize=32)
def _patterns(code: str) -> tuple[tuple[re.Pattern[str], tuple[str, ...]], ...]:
    found = []
    for line in (*lines(_THANKS), *lines(_WHO)):
        pattern, _, answers = line.removeprefix(f"{code} ").partition(" :: ")
        if line.startswith(f"{code} "):
            found.append((re.compile(pattern, re.IGNORECASE), tuple(reply.strip() for reply in answers.split(" / "))))
    return tuple(found)


def replies(prompt: str, code: str) -> tuple[str, ...]:
    """Return the possible replies to small talk; () for any other prompt."""
    text = prompt.strip().rstrip("?？؟!！。. ")
    if len(text) > _LONGEST:
        return ()
    return next((answers for pattern, answers in _patterns(code) if pattern.search(text)), ())
