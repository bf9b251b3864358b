<?php
// Uploads with curl and DOM: php upload.php URL TYPE IMAGE DESCRIPTION
// Ticket and application token come by the environment.

const NS = 'http://www.superoffice.net/ws/crm/NetServer/Services86';
const SOAP = 'http://schemas.xmlsoap.org/soap/envelope/';

function element(string $name, string $text): string
{
    if (preg_match('/[\x00-\x08\x0b\x0c\x0e-\x1f]/', $text)) {
        throw new RuntimeException('control characters');
    }
    $escaped = str_replace("\r", '&#13;', htmlspecialchars($text, ENT_NOQUOTES | ENT_XML1, 'UTF-8'));
    return "<n:$name>$escaped</n:$name>";
}

function save(string $url, string $type, string $image, string $description): int
{
    $text = $description === '' ? '' : element('Description', file_get_contents($description));
    $token = getenv('SOBLOB_TOKEN') ?: '';
    $body = '<s:Envelope xmlns:s="' . SOAP . '" xmlns:n="' . NS . '"><s:Header>'
        . ($token === '' ? '' : element('ApplicationToken', $token))
        . '<n:Credentials>' . element('Ticket', getenv('SOBLOB_TICKET')) . '</n:Credentials></s:Header>'
        . '<s:Body><n:SaveImageStream>' . element('Type', $type)
        . element('Image', base64_encode(file_get_contents($image))) . $text
        . '</n:SaveImageStream></s:Body></s:Envelope>';
    $curl = curl_init($url);
    curl_setopt_array($curl, [
        CURLOPT_POSTFIELDS => $body,
        CURLOPT_RETURNTRANSFER => true,
        CURLOPT_TIMEOUT => 1,
        CURLOPT_HTTPHEADER => ['Content-Type: text/xml; charset=utf-8', 'Expect:',
            'SOAPAction: "' . NS . '/BLOB/SaveImageStream"'],
    ]);
    $answer = curl_exec($curl);
    $status = curl_getinfo($curl, CURLINFO_RESPONSE_CODE);
    if ($answer === false || $status !== 200 || !str_contains((string) curl_getinfo($curl, CURLINFO_CONTENT_TYPE), 'xml')) {
        throw new RuntimeException("HTTP $status");
    }
    $document = new DOMDocument();
    if (!@$document->loadXML($answer, LIBXML_NONET) || $document->doctype !== null) {
        throw new RuntimeException('the answer is no XML');
    }
    $path = new DOMXPath($document);
    $path->registerNamespace('n', NS);
    $succeeded = trim($path->evaluate('string(/*/*[local-name()="Header"]/n:Succeeded)')) ?: 'true';
    $children = $path->query('/*/*[local-name()="Body"]/*');
    $id = trim($path->evaluate('string(/*/*[local-name()="Body"]/n:SaveImageStreamResponse/n:Response)'));
    if (!in_array($succeeded, ['true', '1'], true) || $children->length !== 1
        || $path->query('//n:ExceptionInfo/*')->length || !preg_match('/^\+?\d{1,10}$/', $id)
        || (int) $id < 1 || (int) $id > 2147483647) {
        throw new RuntimeException('the upload failed');
    }
    return (int) $id;
}

try {
    echo save(...array_slice($argv, 1, 4)), "\n";
} catch (Throwable $error) {
    fwrite(STDERR, get_class($error) . "\n");
    exit(1);
}
