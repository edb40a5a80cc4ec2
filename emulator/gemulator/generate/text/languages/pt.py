"""Brazilian Portuguese. The topic keeps its article, which contracts with "de", "em", "por" and "a"."""

import re

from gemulator.generate.text.languages.language import Language
from gemulator.generate.text.languages.word_blocks import lines, pairs, words

_MELTED = tuple(
    (re.compile(rf"\b{before} ([oa]s?) (?=\w)", re.IGNORECASE), melted)
    for before, melted in (("de", r"d\1 "), ("em", r"n\1 "), ("por", r"pel\1 "))
)


def _contract(sentence: str) -> str:
    for pattern, melted in _MELTED:
        sentence = pattern.sub(melted, sentence)
    return sentence


LANGUAGE = Language(
    code="pt",
    locale="pt_BR",
    openings=lines(
        """
        Há mais a dizer sobre {t} do que parece à primeira vista.
        A resposta curta sobre {t} é simples; a longa é mais divertida.
        Quando se fala de {t}, vale começar pelo que já se sabe.
        Pergunte a dez pessoas sobre {t} e você ouvirá onze opiniões.
        Muita gente descobre {t} por acaso e fica por curiosidade.
        """
    ),
    body=lines(
        """
        Quanto mais se sabe sobre {t}, melhores ficam as perguntas.
        Os livros sobre {t} costumam começar com um aviso e terminar com uma recomendação.
        É difícil pensar por muito tempo em {t} sem pensar também em {o}.
        Uma boa tarde com {t} ensina mais do que uma semana de leitura.
        O essencial cabe em uma página, e essa página merece ser lida duas vezes.
        O que de longe parece complicado acaba sendo um punhado de passos simples.
        {n} descreveu isso certa vez como uma conversa que ninguém quer encerrar.
        O momento certo pesa mais do que os guias admitem.
        Pequenas mudanças se somam, sobretudo quando ninguém tem pressa.
        Ajuda ter em mente {o}, porque o resto se apoia nisso.
        O conselho de sempre é bom: começar pequeno, observar e ajustar.
        Onde há desacordo, costuma ser sobre a ordem das coisas.
        Um rabisco no papel muitas vezes resolve o que uma hora de conversa não conseguiu.
        Há exceções, claro, e elas são a melhor parte.
        Nada disso é novo, mas se esquece com facilidade.
        A experiência conta, embora os iniciantes costumem fazer perguntas melhores.
        Um erro se repete sempre: querer fazer demais de uma só vez.
        Na prática, a constância rende mais do que o esforço repentino.
        Um segundo olhar costuma mostrar que duas coisas estavam sendo confundidas.
        Os números importam menos do que a direção em que se movem.
        Uma boa ferramenta ajuda, e saber quando largá-la também.
        O que funciona aqui pode falhar ali por motivos minúsculos.
        O segredo está em separar o urgente do que pode esperar até amanhã.
        Às vezes o desvio é o caminho mais curto.
        A história está cheia de acasos felizes e de pelo menos uma xícara derramada.
        {n} mantém um caderno só para isso e o recomenda a todos.
        Um pouco de preparo poupa muitas explicações depois.
        Por trás de cada bom resultado há uma gaveta cheia de tentativas.
        As regras são poucas, e suas razões são melhores do que as regras.
        O resto é questão de gosto, e gosto se aprende.
        Um objetivo claro encurta as partes chatas.
        Até os fracassos ensinam, desde que alguém os anote.
        """
    ),
    closings=lines(
        """
        No fim, a melhor maneira de entender {t} é experimentar.
        Isso basta para começar; o resto se aprende no caminho.
        Comece pelo caso simples, e o difícil parecerá familiar.
        E se não der certo na primeira vez, isso também faz parte da história.
        """
    ),
    thoughts=lines(
        """
        A pergunta é sobre {t}.
        Aqui convém não esquecer {o}.
        O tom deve ser amigável e direto.
        Começo pela resposta simples e acrescento um exemplo.
        Uma resposta breve basta; os detalhes podem vir depois.
        Primeiro a visão geral, depois a prática.
        Confiro se nada da pergunta me escapou.
        Com isso está tudo coberto; já posso responder.
        """
    ),
    greetings=lines(
        """
        Olá! Que bom falar com você. Sobre o que gostaria de conversar?
        Oi! Como posso ajudar hoje?
        """
    ),
    points=pairs(
        """
        Começar pequeno | bastam uma tarde e uma pergunta clara
        Perguntar a quem já fez | dez minutos de experiência poupam um dia de tentativas
        Anotar tudo | o que está no papel não pesa na memória
        Olhar o conjunto | os detalhes fazem sentido quando a forma está clara
        Escolher o momento | ele faz metade do trabalho
        Manter simples | o que cabe em uma frase muda em um minuto
        Conferir duas vezes | olhos descansados veem quase todos os erros
        Deixar espaço | um bom plano aceita surpresas
        Usar o que existe | a melhor ferramenta costuma já estar na mesa
        Comparar | duas opções são melhores do que uma, e cinco são demais
        Divertir-se | o que dá prazer acaba ficando pronto
        Descansar | as ideias chegam quando ninguém espera
        """
    ),
    traits=words(
        "paciência curiosidade equilíbrio coragem clareza confiança cuidado humor ritmo calma memória sorte atenção"
    ),
    columns=("Aspecto", "O que significa", "Nota"),
    headings=("Em resumo", "Por que importa", "Como começar", "O que evitar", "Para concluir"),
    found=lines(
        """
        Isto é o que encontrei: {r}
        Este é o resultado: {r}
        """
    ),
    leads={
        "list": ("{C} ideias sobre {t}:", "O essencial sobre {t}:"),
        "table": ("Aqui está um resumo sobre {t}:",),
        "code": ("Aqui está uma versão em {l} para começar:",),
        "after": ("Funciona como está; mude os nomes à vontade.",),
        "failed": ("{tool} não conseguiu ajudar: {r}",),
        "silent": ("{tool} terminou, sem nada a relatar.",),
    },
    conjunction=" e ",
    topic="essa pergunta",
    stop_words=frozenset(
        words(
            """
            o a os as um uma uns umas e ou mas nem que quem qual quais como quando onde por porque para com sem sobre entre até
            desde em de do da dos das no na nos nas ao aos à às pelo pela é são era ser sou está estão estar estou foi há ter
            tem tenho fazer faz faça pode podes poderia deve eu tu você vocês ele ela nós eles elas me te se nos lhe meu minha
            meus seu sua seus este esta isto esse essa isso não sim mais menos muito muita muitos também todo toda todos se cada
            outro outra dois duas três quatro cinco dez palavras frases frase escreva escreve explique explica dê diga descreva
            conte mostre crie faça redija proponha lista tabela poema história conto texto artigo ensaio exemplo exemplos ideias
            dicas razões breve brevemente curto curta olá oi obrigado obrigada favor ajude ajuda fale funciona funcionam código
            função programa pergunta resposta tema melhor melhores diferença diferenças
            """
        )
    ),
    wishes={
        "list": r"\b(lista|passos|dicas|ideias|razões|exemplos|pontos)\b",
        "table": r"\btabela\b",
        "code": r"\b(código|função|script|programa|classe)\b",
        "brief": r"\b(breve(?:mente)?|curt[oa]|em poucas palavras)\b",
        "long": r"\b(detalhad[oa]|ensaio|artigo|long[oa])\b",
        "hello": r"^\W*(olá|oi|bom dia|boa (?:tarde|noite))\b[^?]{0,20}$",
        "sentences": r"(\d{1,9}) frases?\b",
        "words": r"(\d{1,9}) palavras?\b",
        "count": r"\b(\d{1,9})\b",
    },
    numerals=words("um dois três quatro cinco seis sete oito nove dez"),
    mend=_contract,
)
