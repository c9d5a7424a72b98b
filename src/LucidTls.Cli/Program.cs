Console.WriteLine("lucidtls");
