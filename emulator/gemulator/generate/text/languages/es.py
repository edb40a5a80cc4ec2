"""Spanish. The topic keeps its article; "a" and "de" contract with "el"."""

import re

from gemulator.generate.text.languages.language import Language
from gemulator.generate.text.languages.word_blocks import lines, pairs, words

_MELTED = re.compile(r"\b([Aa]|[Dd]e) el (?=[a-záéíóúñ])")


def _contract(sentence: str) -> str:
    return _MELTED.sub(r"\1l ", sentence)


LANGUAGE = Language(
    code="es",
    locale="es_ES",
    openings=lines(
        """
        Hay más que decir sobre {t} de lo que parece a primera vista.
        La respuesta corta sobre {t} es sencilla; la larga es más divertida.
        Cuando se habla de {t}, conviene empezar por lo que ya se sabe.
        Pregunte a diez personas por {t} y escuchará once opiniones.
        Muchos llegan a {t} por casualidad y se quedan por curiosidad.
        """
    ),
    body=lines(
        """
        Cuanto más se sabe sobre {t}, mejores son las preguntas.
        Los libros sobre {t} suelen empezar con una advertencia y terminar con una recomendación.
        Cuesta pensar mucho tiempo en {t} sin pensar también en {o}.
        Una buena tarde dedicada a {t} enseña más que una semana de lectura.
        Lo esencial cabe en una página, y esa página merece leerse dos veces.
        Lo que de lejos parece complicado resulta ser un puñado de pasos sencillos.
        {n} lo describió una vez como una conversación que nadie quiere terminar.
        El momento oportuno importa más de lo que admiten las guías.
        Los pequeños cambios se suman, sobre todo cuando nadie tiene prisa.
        Ayuda tener presente {o}, porque lo demás se apoya en ello.
        El consejo habitual es bueno: empezar poco a poco, observar y corregir.
        Donde hay desacuerdo, suele ser sobre el orden de las cosas.
        Un dibujo en un papel aclara a menudo lo que una hora de charla no pudo.
        Hay excepciones, claro, y son la mejor parte.
        Nada de esto es nuevo, pero se olvida con facilidad.
        La experiencia cuenta, aunque los principiantes suelen hacer mejores preguntas.
        Un error se repite siempre: querer hacer demasiado a la vez.
        En la práctica, la constancia da mejores frutos que el esfuerzo repentino.
        Una segunda mirada suele mostrar que se confundían dos cosas.
        Las cifras importan menos que la dirección en que se mueven.
        Una buena herramienta ayuda, y saber cuándo dejarla también.
        Lo que funciona aquí puede fallar allá por motivos minúsculos.
        El truco está en separar lo urgente de lo que puede esperar a mañana.
        A veces el rodeo es el camino más corto.
        La historia está llena de casualidades felices y de al menos una taza derramada.
        {n} lleva un cuaderno solo para esto y lo recomienda a todo el mundo.
        Un poco de preparación ahorra muchas explicaciones después.
        Detrás de cada buen resultado hay un cajón lleno de intentos.
        Las reglas son pocas, y sus razones son mejores que las reglas.
        Lo demás es cuestión de gusto, y el gusto se aprende.
        Un objetivo claro acorta las partes aburridas.
        Hasta los fracasos enseñan, siempre que alguien los anote.
        """
    ),
    closings=lines(
        """
        Al final, la mejor manera de entender {t} es probar.
        Con esto basta para empezar; el resto se aprende por el camino.
        Empiece por el caso sencillo, y el difícil le resultará familiar.
        Y si no sale a la primera, eso también forma parte de la historia.
        """
    ),
    thoughts=lines(
        """
        La pregunta trata de {t}.
        Aquí conviene no olvidar {o}.
        El tono debe ser amable y directo.
        Empiezo por la respuesta sencilla y añado un ejemplo.
        Bastará una respuesta breve; los detalles pueden venir después.
        Primero la visión general, luego la práctica.
        Compruebo que no se me escapa nada de la pregunta.
        Con esto queda cubierto todo; ya puedo responder.
        """
    ),
    greetings=lines(
        """
        ¡Hola! Me alegro de leerte. ¿De qué te gustaría hablar?
        ¡Hola! ¿En qué puedo ayudarte hoy?
        """
    ),
    points=pairs(
        """
        Empezar poco a poco | bastan una tarde y una pregunta clara
        Preguntar a quien ya lo hizo | diez minutos de experiencia ahorran un día de pruebas
        Tomar notas | lo que está en el papel no pesa en la memoria
        Mirar el conjunto | los detalles se entienden cuando la forma está clara
        Elegir el momento | hace la mitad del trabajo
        Mantenerlo sencillo | lo que cabe en una frase se cambia en un minuto
        Revisar dos veces | unos ojos frescos ven casi todos los errores
        Dejar espacio | un buen plan admite sorpresas
        Usar lo que hay | la mejor herramienta suele estar ya en la mesa
        Comparar | dos opciones son mejores que una, y cinco son demasiadas
        Disfrutar | lo que divierte se termina
        Descansar | las ideas llegan cuando nadie las espera
        """
    ),
    traits=words(
        "paciencia curiosidad equilibrio valor claridad confianza cuidado humor ritmo calma memoria suerte atención"
    ),
    columns=("Aspecto", "Qué significa", "Nota"),
    headings=("De un vistazo", "Por qué importa", "Cómo empezar", "Qué evitar", "En resumen"),
    found=lines(
        """
        Esto es lo que he encontrado: {r}
        Este es el resultado: {r}
        """
    ),
    leads={
        "list": ("{C} ideas sobre {t}:", "Lo esencial sobre {t}:"),
        "table": ("Aquí tienes un resumen sobre {t}:",),
        "code": ("Esta es una versión en {l} para empezar:",),
        "after": ("Funciona tal como está; cambia los nombres a tu gusto.",),
        "failed": ("{tool} no pudo ayudar: {r}",),
        "silent": ("{tool} ha terminado, sin nada que señalar.",),
    },
    conjunction=" y ",
    topic="esta pregunta",
    stop_words=frozenset(
        words(
            """
            el la los las lo un una unos unas y e o u pero ni que qué quién quiénes cuál cuáles cómo cuándo dónde por porque
            para con sin sobre entre hasta desde hacia en de del al a ante es son era ser soy eres está están estar estoy fue
            ha han he hay haber hace hacer haz puede puedes podría debe deben tiene tengo tener yo tú él ella nosotros ustedes
            vosotros ellos ellas me te se nos os le les mi mis tu tus su sus nuestro este esta estos estas ese esa eso esto
            no sí más menos muy mucho mucha muchos también todo toda todos todas si como cada otro otra dos tres cuatro cinco
            diez palabras frases frase escribe escríbeme explica explícame dame di dime describe cuenta cuéntame muestra crea
            haz redacta propón lista tabla poema historia cuento texto artículo ensayo ejemplo ejemplos ideas consejos razones
            breve brevemente corto corta hola gracias favor ayuda ayúdame háblame habla funciona funcionan código función
            programa pregunta respuesta tema mejor mejores diferencia diferencias
            """
        )
    ),
    wishes={
        "list": r"\b(lista|pasos|consejos|ideas|razones|ejemplos|puntos)\b",
        "table": r"\btabla\b",
        "code": r"\b(código|función|script|programa|clase)\b",
        "brief": r"\b(breve(?:mente)?|cort[oa]|en pocas palabras)\b",
        "long": r"\b(detallad[oa]|ensayo|artículo|larg[oa])\b",
        "hello": r"^\W*(hola|buenos días|buenas (?:tardes|noches))\b[^?]{0,20}$",
        "sentences": r"(\d{1,9}) frases?\b",
        "words": r"(\d{1,9}) palabras?\b",
        "count": r"\b(\d{1,9})\b",
    },
    numerals=words("uno dos tres cuatro cinco seis siete ocho nueve diez"),
    mend=_contract,
)
