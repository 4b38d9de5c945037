using System.Text;
using Distill.Inference.Endpoints;
using Xunit;

namespace Distill.Tests.Inference.Endpoints;

public sealed class ServerErrorTests
{
    [Theory]
    [InlineData("""{"error":{"message":"too long","type":"invalid_request_error","code":400}}""", "too long", "invalid_request_error", 400)]
    [InlineData("""{"error":{"message":"no","type":"t","code":"insufficient_quota"}}""", "no", "t insufficient_quota", 0)]
    [InlineData("""{"error":"model\nnot found"}""", "model not found", "", 0)]
    [InlineData("""{"object":"error","message":"full","code":503}""", "full", "", 503)]
    [InlineData("""{"detail":[{"msg":"field required"}]}""", """[{"msg":"field required"}]""", "", 0)]
    [InlineData("<html>Bad\r\n  Gateway</html>", "<html>Bad Gateway</html>", "", 0)]
    [InlineData("""{"object":5}""", """{"object":5}""", "", 0)]
    [InlineData("""{"object":null,"error":null}""", """{"object":null,"error":null}""", "", 0)]
    [InlineData("""{"error":{"message":"\ud800","type":["a"]}}""", "\"\\ud800\"", "", 0)]
    [InlineData("""{"error":"\udfff"}""", "\"\\udfff\"", "", 0)]
    [InlineData("", "", "", 0)]
    public void EveryShapeThatServersGiveAnErrorIsRead(string body, string message, string type, int status) =>
        Assert.Equal(new ServerError(message, type, status), ServerError.Read(Encoding.UTF8.GetBytes(body)));
}
